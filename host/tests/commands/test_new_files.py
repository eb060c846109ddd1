"""Files that a command writes for somebody: refused before anything is done for them, where they cannot be."""

from pathlib import Path

import pytest

from nagorik_host.commands.running import CommandRefused, new_file


@pytest.mark.parametrize("name", ["", ".", "/", "mine.html", "র" * 120, "nowhere/receipt.html", "a\0b"])
def test_name_that_no_new_file_can_have_is_refused_before_anything_is_done(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(CommandRefused), new_file(Path(name)):
        pytest.fail("it was begun")
    assert [one.name for one in tmp_path.iterdir()] == ["mine.html"]
    assert (tmp_path / "mine.html").read_text() == "mine"
