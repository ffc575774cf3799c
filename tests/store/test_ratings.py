from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.judgement import Judgement
from sim.core.scale import Scale
from sim.store.ratings import load_ratings

HEAD = "item,rater,dimension,score\n"


def written(folder: Path, text: str | bytes, name: str = "ratings.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "item,system,rater,dimension,score\n1,a,human,empathy,4\n1,a,judge,empathy,3.5\n",
        "\ufeffScore;Dimension;Rater;System;Item;note\r\n4;empathy;human;a;1;x\r\n3.5;empathy;judge;a;1;\r\n",
        'item\tsystem\trater\tdimension\tscore\n\n"1"\ta\thuman\tempathy\t4\n1\ta\tjudge\tempathy\t3.5\n',
        '{"item": 1, "system": "a", "rater": "human", "dimension": "empathy", "score": 4}\n\n'
        '{"item": "1", "system": "a", "rater": "judge", "dimension": "empathy", "score": "3.5", "why": "so"}\n',
    ],
)
def test_all_ways_to_write_a_rating_are_read_alike(tmp_path: Path, text: str) -> None:
    found = load_ratings(written(tmp_path, text))
    assert found.judgements == (Judgement("1", "a", "human", "empathy", 4.0), Judgement("1", "a", "judge", "empathy", 3.5))
    assert found.missing == 0


def test_a_cell_without_a_rating_is_left_out_and_counted_and_not_applicable_is_a_judgement(tmp_path: Path) -> None:
    cells = ("4", "", "NaN", "NA", "null", "n/a", "Not Applicable", "9")
    found = load_ratings(written(tmp_path, HEAD + "".join(f"{i},r,d,{cell}\n" for i, cell in enumerate(cells))))
    assert [j.score for j in found.judgements] == [4.0, "n/a", "n/a", 9.0]
    assert found.missing == 4
    json = '{"item": 1, "rater": "r", "dimension": "d", "score": NaN}\n{"item": 2, "rater": "r", "dimension": "d", "score": 1}\n'
    assert load_ratings(written(tmp_path, json, "r.jsonl")).missing == 1


def test_two_systems_may_use_one_name_for_an_item(tmp_path: Path) -> None:
    found = load_ratings(written(tmp_path, "item,system,rater,dimension,score\n1,a,r,d,1\n1,b,r,d,2\n"))
    assert [j.system for j in found.judgements] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "1,r,d,good\n", "ratings.csv:2: 'good' is not a score; write a number"),
        (HEAD + "1,r,d,inf\n", "ratings.csv:2: 'inf' is not a score"),
        ("item;rater;dimension;score\n1;r;d;3,5\n", "ratings.csv:2: '3,5' is not a score; write a number with a decimal point"),
        (HEAD + "1,r,d,1\n2,r,d,1\n1,r,d,1\n", "ratings.csv:4: 'r' rates '1' on d a second time, first on line 2"),
        (HEAD + "1,,d,1\n", "ratings.csv:2: `rater` is empty"),
        (HEAD + "1,r,d\n", "ratings.csv:2: has 3 cells, and the first line 4"),
        (HEAD + '1,r,d,"1\n', "is not CSV"),
        ("item,rater,score\n1,r,1\n", "ratings.csv:1: has no column 'dimension'; the first line names the columns"),
        ("item,rater,dimensions,score\n1,r,d,1\n", "did you mean 'dimensions'?"),
        ("item,rater,dimension,score,score\n1,r,d,1,1\n", "has two columns 'score'"),
        ("item,system,rater,dimension,score\n1,,r,d,1\n", "ratings.csv:2: `system` is empty; leave the column out"),
        (HEAD, "ratings.csv: holds no rating"),
        ("", "ratings.csv: holds no rating"),
        (HEAD + "1,r,d,\n", "ratings.csv: holds no rating"),
        ('{"item": 1, "rater": "r", "dimension": "d", "score": true}', "ratings.csv:1: 'True' is not a score"),
        ('{"item": 1, "rater": "r", "dimension": "d", "score": [1]}', "is not a score"),
        ('{"item": 1, "rater": "r", "dimension": "d"}', "ratings.csv:1: has no `score`"),
        ('{"item": null, "rater": "r", "dimension": "d", "score": 1}', "`item` is not text"),
        ('{"item": 1,', "ratings.csv:1: is not JSON"),
        ('[{"item": 1}]', "ratings.csv:1: is not an object"),
        (b"item,rater,dimension,score\n1,\xff,d,1\n", "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_ratings(written(tmp_path, text))
    assert said in str(caught.value)


def test_scales_are_declared_by_a_column_or_beside_the_file_and_names_are_numbers_on_them(tmp_path: Path) -> None:
    text = "item,rater,dimension,score,scale,group\n1,h,tone,warm,cold|civil|warm,t1\n2,h,tone,Cold,,t1\n3,h,clear,6,,\n"
    found = load_ratings(written(tmp_path, text), {"Clear": Scale.parse("0-6")})
    assert [(j.score, j.group) for j in found.judgements] == [(2.0, "t1"), (0.0, "t1"), (6.0, "")]
    assert found.scales == {"tone": Scale.parse("cold|civil|warm"), "clear": Scale.parse("0-6")}
    assert found.lines == (2, 3, 4)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,h,d,7,0-6\n", "ratings.csv:2: score 7 on d is not on its scale 0-6; mend the score"),
        ("1,h,d,1,0-6\n2,h,d,9,\n", "ratings.csv:3: score 9 on d is not on its scale 0-6"),
        ("1,h,d,9,\n2,h,d,1,0-6\n", "ratings.csv:2: score 9 on d is not on its scale 0-6"),
        ("1,h,d,1,0-6\n2,h,D,1,1-7\n", "ratings.csv:3: D is on the scale 1-7 here, and on 0-6 elsewhere"),
        ("1,h,d,1,six\n", "ratings.csv:2: `scale`: 'six' is not a scale; write it as 0-6"),
        ("1,h,d,lukewarm,cold|warm\n", "ratings.csv:2: 'lukewarm' is none of cold, warm; write one of them"),
        ("1,h,d,warm,\n", "ratings.csv:2: 'warm' is not a score; write a number with a decimal point, n/a, or nothing; names take a scale"),
    ],
)
def test_a_score_that_is_not_on_its_scale_is_named_with_its_line(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_ratings(written(tmp_path, "item,rater,dimension,score,scale\n" + rows))
    assert said in str(caught.value)
