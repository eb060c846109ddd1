"""What may be changed of a plugin's code and data files, and how."""

import ast

import pytest
import tomli
from hypothesis import given, strategies as st

from nagorik_testing.contract.mutation.data_operators import data_mutants_of
from nagorik_testing.contract.mutation.operators import MutationOperator, mutants_of

IMPORTS = "from nagorik import ApplicationState\n"


def changed(source, operator):
    """The lines that come, of each change of one kind."""
    return [
        "\n".join(line[1:] for line in mutant.diff(source) if line.startswith("+"))
        for mutant in mutants_of("plugin.py", source)
        if mutant.operator is operator
    ]


@pytest.mark.parametrize(
    ("operator", "source", "becomes"),
    [
        (
            "write-as-read",
            "async def f(c):\n    await c.http.write('x', 'POST', path)\n",
            "    await c.http.read('x', 'POST', path)",
        ),
        ("swallowed-error", "def f():\n    raise Unknown('a b')\n", "    pass"),
        ("dropped-call", "def f():\n    verify(it)\n", "    pass"),
        ("dropped-call", "async def f():\n    await verify(it)\n", "    pass"),
        ("status", "x = ApplicationState.DELIVERED\n", None),
        ("word", 'x = "PAID"\n', 'x = "PAIDx"'),
        ("constant", "x = 18\n", "x = 19"),
        ("constant", "x = True\n", "x = False"),
        ("constant", 'x = "1.15"\n', 'x = "1.151"'),
        ("boundary", "x = age < 18\n", "x = age <= 18"),
        ("boundary", "x = (age) >= (limit)\n", "x = (age) > (limit)"),
        ("comparison", "x = a == b\n", "x = a != b"),
        ("comparison", "x = a not in b\n", "x = a in b"),
        ("condition", "if known:\n    f = 1\n", "if not (known):"),
        ("condition", "x = a and b\n", "x = a or b"),
        ("sign", "x = due + fee\n", "x = due - fee"),
        ("sign", "x = -fee\n", "x = fee"),
        ("zone", "x = now.astimezone(zone)\n", "x = now"),
        ("zone", "x = at(DHAKA)\n", "x = at(__import__('datetime').UTC)"),
    ],
)
def test_each_way_to_err_is_written_into_the_code(operator, source, becomes):
    found = changed(source, MutationOperator(operator))
    if becomes is None:
        assert len(found) == 1
        assert found[0] != source.strip()
    else:
        assert becomes in found


def test_fields_are_dropped_one_at_a_time_and_exchanged_with_their_neighbours():
    source = 'x = {\n    "name": name,\n    "nid": nid,\n    "born": born,\n}\n'
    dropped = [
        ast.literal_eval(
            m.source.replace("x = ", "").replace(": n", ': "n').replace(": b", ': "b').replace(",\n", '",\n')
        )
        for m in mutants_of("plugin.py", source)
        if m.operator is MutationOperator.DROPPED_FIELD
    ]
    assert [sorted(one) for one in dropped] == [["born", "nid"], ["born", "name"], ["name", "nid"]]
    assert changed(source, MutationOperator.SWAPPED_FIELDS) == [
        '    "name": nid,\n    "nid": name,',
        '    "nid": born,\n    "born": nid,',
    ]


def test_fields_of_what_is_made_are_changed_and_those_of_other_calls_are_not():
    assert changed("x = Accepted(reference=a, status=b)\n", MutationOperator.DROPPED_FIELD) == [
        "x = Accepted(status=b)",
        "x = Accepted(reference=a)",
    ]
    assert changed("x = read(reference=a, status=b)\n", MutationOperator.DROPPED_FIELD) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is for."""\n',
        "from nagorik import Accepted\n",
        'def f(a: "Word" = None) -> "Other": ...\n',
        '@hookimpl("word")\ndef f(): ...\n',
        'x = Text(en="Word", bn="শব্দ")\n',
        'x = Literal["one", "two"]\n',
        '__all__ = ["One", "Two"]\n',
        'x = "A sentence that a citizen reads."\n',
        'x = "শব্দ"\n',
    ],
)
def test_what_nobody_but_a_reader_sees_is_left_as_it_is(source):
    assert mutants_of("plugin.py", source) == []


def test_name_that_only_logs_hear_of_is_left_as_it_is():
    source = 'async def f(c):\n    return await c.http.read("status", "GET", path)\n'
    assert changed(source, MutationOperator.WORD) == ['    return await c.http.read("status", "GETx", path)']


def test_place_of_a_change_is_its_file_and_lines():
    source = (
        "class Form:\n    def age(self):\n        return (\n            self.years\n            < 18\n        )\n"
    )
    (boundary,) = [m for m in mutants_of("forms.py", source) if m.operator is MutationOperator.BOUNDARY]
    assert boundary.path == "forms.py"
    assert boundary.lines == (4, 5)


def test_letters_of_several_bytes_move_nothing():
    source = 'x = {"নাম": "ক", "state": "PAID"}\n'
    assert 'x = {"নাম": "ক", "state": "PAIDx"}' in changed(source, MutationOperator.WORD)


def test_harm_of_every_kind_is_told():
    assert all(operator.harm and operator == operator.value for operator in MutationOperator)


WORDS = st.sampled_from(["a", "b.c", "f(x)", "18", '"PAID"', "(a + b)", "not a", "-1", "x if y else z"])
OPERATORS = st.sampled_from(["+", "-", "*", "<", "<=", "==", "in", "is not", "and", "or"])


@given(st.lists(WORDS, min_size=2, max_size=4), st.lists(OPERATORS, min_size=3, max_size=3))
def test_every_change_is_python_and_changes_something(words, operators):
    source = f"x = {words[0]}" + "".join(f" {o} ({w})" for o, w in zip(operators, words[1:], strict=False)) + "\n"
    for mutant in mutants_of("plugin.py", source):
        compile(mutant.source, "<mutant>", "exec")
        assert mutant.source != source
        assert mutant.diff(source)


DATA = """\
# What is charged.
title = { en = "Licence", bn = "লাইসেন্স" }
dimensions = { card = ["new", "old"] }  # kinds

[[tariffs]]
id = "one"
from = 2024-12-31
source = { title = "gazette", as_of = 2024-12-01 }
rows = [
  { code = "FEE", amount = "250.00", when = { card = "new" } },
  { code = "TAX", amount = 7 },
]

[[tariffs]]
id = "two"
kind = 'own'
open = true
holds = "PT24H"

["form.empty"]  # a sentence
en = "Fill_it"
bn = "লিখুন"
"""


def data_changes(operator):
    return [mutant for mutant in data_mutants_of("fees.toml", DATA) if mutant.operator is operator]


def added(mutant):
    return [line[1:].strip() for line in mutant.diff(DATA) if line.startswith("+")]


@pytest.mark.parametrize(
    ("operator", "becomes"),
    [
        ("word", 'id = "onex"'),
        ("word", "kind = 'ownx'"),
        ("word", '{ code = "FEEx", amount = "250.00", when = { card = "new" } },'),
        ("word", 'dimensions = { card = ["new", "oldx"] }  # kinds'),
        ("constant", '{ code = "FEE", amount = "251.00", when = { card = "new" } },'),
        ("constant", '{ code = "TAX", amount = 8 },'),
        ("constant", "from = 2025-01-01"),
        ("constant", "open = false"),
        ("constant", 'holds = "PT25H"'),
        ("dropped-field", 'dimensions = { card = ["old"] }  # kinds'),
        ("dropped-field", 'dimensions = { card = ["new"] }  # kinds'),
        ("dropped-field", '{ code = "FEE", amount = "250.00" },'),
        ("dropped-field", "# kinds"),
    ],
)
def test_each_value_of_a_data_file_is_another_or_is_left_out(operator, becomes):
    assert [becomes] in [added(mutant) for mutant in data_changes(MutationOperator(operator))]


def test_sections_and_rows_are_left_out_whole():
    kept = [tomli.loads(mutant.source) for mutant in data_changes(MutationOperator.DROPPED_FIELD)]
    assert {len(one["tariffs"]) for one in kept if "tariffs" in one} == {1, 2}
    assert {len(rows) for one in kept for tariff in one["tariffs"] if (rows := tariff.get("rows"))} == {1, 2}
    assert sum("form.empty" not in one for one in kept) == 1


def test_values_are_exchanged_with_those_of_the_same_key_and_else_in_their_table():
    assert [added(mutant) for mutant in data_changes(MutationOperator.SWAPPED_FIELDS)] == [
        ['id = "two"', 'id = "one"'],
        ['{ code = "TAX", amount = "250.00", when = { card = "new" } },', '{ code = "FEE", amount = 7 },'],
    ]
    source = (
        '[columns]\nnumber = ["No"]\ntaken = 3\namount = ["Taka", "টাকা"]\nlabel = { en = "A", bn = "ক" }\nleft = 4\n'
    )
    swapped = [
        mutant for mutant in data_mutants_of("layout.toml", source) if mutant.operator.value == "swapped-fields"
    ]
    assert [tomli.loads(mutant.source)["columns"] for mutant in swapped] == [
        {"number": ["Taka", "টাকা"], "taken": 3, "amount": ["No"], "label": {"en": "A", "bn": "ক"}, "left": 4},
        {"number": ["No"], "taken": 4, "amount": ["Taka", "টাকা"], "label": {"en": "A", "bn": "ক"}, "left": 3},
    ]


def test_what_is_for_readers_is_left_as_it_is_and_so_is_every_other_byte():
    found = data_mutants_of("fees.toml", DATA)
    for mutant in found:
        assert tomli.loads(mutant.source) != tomli.loads(DATA)
        gone = [line[1:] for line in mutant.diff(DATA) if line.startswith("-")]
        assert mutant.in_data
        assert gone
        for comment in ("# What is charged.", "# kinds"):
            assert comment in mutant.source
        if mutant.operator in {MutationOperator.WORD, MutationOperator.CONSTANT}:
            assert not any(words in line for line in gone for words in ("Licence", "Fill_it", "gazette"))
            assert len(gone) == 1
    assert {mutant.operator.value for mutant in found} == {"word", "constant", "dropped-field", "swapped-fields"}


def test_data_file_that_holds_nothing_but_sentences_has_no_other_change_than_one_that_is_missing():
    source = '["a.b"]\nen = "Yes"\nbn = "হ্যাঁ"\n\n["c.d"]\nen = "No"\nbn = "না"\n'
    assert [mutant.lines for mutant in data_mutants_of("messages.toml", source)] == [(1, 3), (5, 7)]
