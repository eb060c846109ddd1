"""What a host sets wrongly is told to the host, at once, and is never a plugin's fault."""

import pytest

from nagorik.platform import PluginConfiguration


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"settings": "CANARY"}, "PluginConfiguration.settings maps names"),
        ({"settings": {1: "CANARY"}}, "PluginConfiguration.settings maps names"),
        ({"egress": "CANARY"}, "PluginConfiguration.egress is a set"),
        ({"egress": {7}}, "PluginConfiguration.egress is a set"),
        ({"transport_factory": "CANARY"}, "PluginConfiguration.transport_factory is a function"),
    ],
)
def test_a_wrong_type_is_named(members, told):
    with pytest.raises(TypeError, match=told) as caught:
        PluginConfiguration(**members)
    assert "CANARY" not in str(caught.value)


def test_sets_of_both_kinds_will_do():
    assert PluginConfiguration(egress={"127.0.0.1"}).egress == frozenset({"127.0.0.1"})
    assert PluginConfiguration(settings={"base_url": "https://api.example"}).transport_factory is None
