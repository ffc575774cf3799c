"""Python code found by module or by path, and read without being run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.foreign.code import find_source, load_object, read_class, source_hash

CHECKS = """\
from beside_the_checks import LIMIT


class Short:
    limit = LIMIT
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path / "nowhere"))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "checks.py").write_text(CHECKS, encoding="utf-8")
    (tmp_path / "code" / "beside_the_checks.py").write_text("LIMIT = 30\n", encoding="utf-8")
    return tmp_path


def test_a_class_is_loaded_from_a_path_with_what_lies_beside_it(folder: Path) -> None:
    first = load_object("code/checks.py:Short", owner="scorer", base=folder)
    assert first.limit == 30  # type: ignore[attr-defined]
    assert load_object("checks.py:Short", owner="scorer", base=folder / "code") is first


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("code/chekcs.py:Short", "scorer 's': there is no file 'code/chekcs.py'; did you mean 'checks.py'?"),
        ("nowhere.py:Short", "scorer 's': there is no file 'nowhere.py'; run from the folder it lies in, or mend its path"),
        ("code/checks.py:Shrot", "scorer 's': there is no 'Shrot' in code/checks.py; did you mean 'Short'?"),
        ("code/raises.py:Short", "raised ValueError: on two lines; mend the module"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(folder: Path, place: str, complaint: str) -> None:
    (folder / "code" / "raises.py").write_text("raise ValueError('on\\ntwo lines')\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_object(place, owner="scorer 's'", base=folder)
    assert str(refused.value).endswith(complaint)


def test_a_class_is_read_without_being_run(folder: Path) -> None:
    marker = folder / "ran"
    file = folder / "code" / "effects.py"
    file.write_text(f"open({str(marker)!r}, 'w').close()\nfrom elsewhere import Other\nclass Here:\n    id = 'here'\n", encoding="utf-8")
    assert find_source("code/effects.py:Here", owner="scorer", base=folder) == file
    written = read_class(file, "Here", owner="scorer")
    assert written is not None
    assert written.name == "Here"
    assert read_class(file, "Other", owner="scorer") is None
    with pytest.raises(InputError, match=r"there is no 'Hear'; did you mean 'Here'\?"):
        read_class(file, "Hear", owner="scorer")
    assert not marker.exists()


def test_a_module_is_found_without_importing_its_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "parcel"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (package / "inner.py").write_text("class Scorer: ...\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert find_source("parcel.inner:Scorer", owner="scorer") == package / "inner.py"
    with pytest.raises(InputError, match=r"there is no module 'parcel.inn'"):
        find_source("parcel.inn:Scorer", owner="scorer")


def test_a_files_hash_changes_with_its_text(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("a = 1\n", encoding="utf-8")
    before = source_hash(file)
    file.write_text("a = 2\n", encoding="utf-8")
    assert source_hash(file) != before
