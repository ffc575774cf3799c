"""`sim try` as a user runs it: from one request to a transcript and a study that runs as it stands."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from sim.app import load_run
from sim.core.errors import InputError
from sim.core.spec import HttpSpec
from sim.core.tools import ToolUse
from sim.targets.first_contact.exchange import exchange
from tests.cli.command import Done, sim
from tests.cli.journals import rows
from tests.cli.small import contents
from tests.llm.scripted_server import slow_model
from tests.server import serve
from tests.targets.chatbots import EXAMPLES, KEY, Chatbot, chatbot

WHO = '"user_id": "u1", "session_id": "s1"'


def curl(bot: Chatbot, path: str = "/chat", more: str = "") -> str:
    return f'curl {bot.url}{path} {more} -d \'{{"message": "hi", {WHO}}}\''


def tried(folder: Path, *arguments: str, status: int = 0, **env: str) -> Any:
    """The JSON document of `sim try`."""
    done = sim("try", *arguments, "--json", "--persona", "davi", cwd=folder, **env)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def said(document: Any) -> dict[str, str]:
    return {f["about"]: f["said"] for f in document["findings"]}


def refused(done: Done, folder: Path) -> str:
    """The complaint of a command that must have changed nothing."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert contents(folder) == {}
    return lines[0]


def test_from_one_request_to_a_run_of_ones_own(tmp_path: Path) -> None:
    """The whole way: try, run the study that was written, show it; and the key is nowhere."""
    began = time.monotonic()
    with chatbot(key=KEY) as bot:
        first = sim("try", "--curl", curl(bot, more=f"-H 'Authorization: Bearer {KEY}'"), cwd=tmp_path)
        assert first.returncode == 0, first.stderr
        assert time.monotonic() - began < 60
        study = tmp_path / "my-bot.yaml"
        assert "sim run my-bot.yaml" in first.stdout
        assert "export MYBOT_KEY=…" in first.stdout
        assert "> Authorization: Bearer ${MYBOT_KEY}" in first.stdout
        unset = sim("run", study, cwd=tmp_path)
        assert unset.returncode == 2
        assert "needs MYBOT_KEY, which is not set" in unset.stderr
        ran = sim("run", study, "--persona", "davi", cwd=tmp_path, MYBOT_KEY=KEY)
        assert ran.returncode == 0, ran.stderr
        assert sim("check", study, cwd=tmp_path, MYBOT_KEY=KEY).returncode == 0
    shown = sim("show", "my-bot", cwd=tmp_path)
    assert shown.returncode == 0
    assert "my-bot" in shown.stdout
    assert sim("show", "try", cwd=tmp_path).returncode == 0
    assert KEY not in first.stdout + first.stderr + ran.stdout + ran.stderr
    assert [f for f in tmp_path.rglob("*") if f.is_file() and KEY.encode() in f.read_bytes()] == []


def test_the_transcript_has_six_exchanges_each_with_its_moves_and_no_score_by_a_stub(tmp_path: Path) -> None:
    with chatbot() as bot:
        done = sim("try", "--curl", curl(bot), "--persona", "davi", cwd=tmp_path, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    talk = done.stdout.partition("talks with it")[2]
    order = re.findall(r"^(?:(\d)$|    (moves)  )", talk, re.MULTILINE)
    assert order == [pair for n in range(1, 7) for pair in ((str(n), ""), ("", "moves"))]
    assert "No scores are shown: an offline model plays the user and rates" in " ".join(talk.split())
    assert not re.search(r"ratings|mood \d|enjoyment|would return|worst exchange", talk)
    written = (tmp_path / "my-bot.yaml").read_text()
    assert "# FILL IN who plays the user and rates the replies" in written
    assert "# user: {model: openai/gpt-5}\n" in written
    shown = sim("show", "try", "davi", cwd=tmp_path).stdout
    assert "offline models play the user and the rater: scores of my-bot check the instrument" in " ".join(shown.split())
    assert max(len(line) for line in done.stdout.partition("Written:")[0].splitlines()) <= 80


def test_a_chatbot_with_a_memory_is_found_out(tmp_path: Path) -> None:
    with chatbot() as bot:
        document = tried(tmp_path, "--curl", curl(bot))
    found = said(document)
    assert found["message"] == "goes into message"
    assert found["reply"] == "stands at reply"
    assert found["users kept apart"].startswith("yes")
    assert (found["memory in a session"], found["memory across them"]) == ("yes", "yes")
    assert document["target"]["http"]["body"] == {"message": "{message}", "user_id": "{user_id}", "session_id": "{session_id}"}
    assert (document["run"], document["status"], document["study"]) == ("try", "finished", "my-bot.yaml")
    kinds = [r.kind for r in rows(tmp_path / "results" / "try")]
    assert kinds.count("target_replied") == 6


def test_a_leak_between_users_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    with chatbot("--leaky") as bot:
        document = tried(tmp_path, f"{bot.url}/chat")
    (leak,) = [f for f in document["findings"] if f["about"] == "users kept apart"]
    assert leak["mark"] == "warning"
    assert "quillfeather marmalade" in leak["evidence"]


def test_a_chatbot_that_streams_is_read_in_pieces(tmp_path: Path) -> None:
    with chatbot() as bot:
        document = tried(tmp_path, "--curl", curl(bot, "/chat/sse"))
    http = document["target"]["http"]
    assert (http["reply"], http["stream"]) == ("delta.text", "sse")
    assert document["status"] == "finished"


def test_tools_that_a_chatbot_says_it_used_are_in_the_study_and_in_the_talk(tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lisbon"}'}}
    with chatbot() as bot:
        sent = json.dumps({"message": "hi", "user_id": "u1", "session_id": "s1", "tool_calls": [call]})
        document = tried(tmp_path, "--curl", f"curl {bot.url}/chat -d '{sent}'")
    assert (document["target"]["http"]["reply"], document["target"]["http"]["tools"]) == ("reply", "echo.tool_calls")
    assert said(document)["tools"] == "that it uses are told at echo.tool_calls; judges see them, and nobody runs them"
    assert "tools: echo.tool_calls" in (tmp_path / "my-bot.yaml").read_text()
    (trial,) = load_run(tmp_path / "results" / "try").trials
    used = [e.reply.tools for s in trial.sessions for e in s.exchanges if e.reply]
    assert used == [(ToolUse(name="weather", arguments='{"city": "Lisbon"}'),)] * 6


def test_an_openai_style_endpoint_is_sent_the_whole_session(tmp_path: Path) -> None:
    body = json.dumps({"model": "any", "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]})
    with serve() as server:
        document = tried(tmp_path, "--curl", f"curl {server.url}/chat/completions -H 'Content-Type: application/json' -d '{body}'")
        last = server.requests()[-1]["body"]["messages"]
    http = document["target"]["http"]
    assert http["body"]["messages"] == [{"role": "system", "content": "Be kind."}, "{messages}"]
    assert http["reply"] == "choices[0].message.content"
    assert http["finish"] == "choices[0].finish_reason"
    assert [m["role"] for m in last] == ["system", *["user", "assistant"] * 5, "user"]
    assert "api_base" in (tmp_path / "my-bot.yaml").read_text()
    assert sim("check", "my-bot.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("target", [{"callable": "bots:friend", "clock": "argument"}, {"graph": "graphs:graph"}])
def test_python_code_is_tried_as_what_it_is(tmp_path: Path, target: dict[str, str]) -> None:
    for module in ("bots.py", "graphs.py"):
        shutil.copy(EXAMPLES / module, tmp_path)
    document = tried(tmp_path, next(iter(target.values())))
    assert document["target"] == {"id": "my-bot", **target}
    assert said(document)["memory in a session"] == "yes"
    assert sim("run", "my-bot.yaml", "--dry-run", cwd=tmp_path).returncode == 0


def test_an_offline_model_is_tried_by_its_name(tmp_path: Path) -> None:
    document = tried(tmp_path, "offline/uses")
    assert document["target"] == {"id": "my-bot", "model": "offline/uses", "memory": "full"}
    assert document["status"] == "finished"


def test_a_study_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "my-bot.yaml").write_text("mine")
    assert tried(tmp_path, "offline/uses")["study"] == "my-bot-2.yaml"
    assert (tmp_path / "my-bot.yaml").read_text() == "mine"
    assert "name: my-bot-2" in (tmp_path / "my-bot-2.yaml").read_text()
    done = sim("try", "offline/uses", "--out", "my-bot.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_the_command_can_come_through_a_pipe(tmp_path: Path) -> None:
    with chatbot() as bot:
        (tmp_path / "in").write_text(curl(bot))
        with (tmp_path / "in").open() as stdin:
            done = sim("try", "--curl", "-", "--json", cwd=tmp_path, stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "finished"


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        complaint = refused(sim("try", f"http://127.0.0.1:{free.getsockname()[1]}/chat", cwd=tmp_path), tmp_path)
    assert "nothing answers at 127.0.0.1" in complaint
    assert "start the chatbot" in complaint


def test_a_wrong_key_is_named_by_its_variable_and_not_shown(tmp_path: Path) -> None:
    with chatbot(key=KEY) as bot:
        none = refused(sim("try", "--curl", curl(bot), cwd=tmp_path), tmp_path)
        wrong = refused(sim("try", "--curl", curl(bot, more="-H 'Authorization: Bearer not-that-one'"), cwd=tmp_path), tmp_path)
    assert "status 401" in none
    assert "add its key" in none
    assert "see that $MYBOT_KEY holds a key that is good" in wrong
    assert "not-that-one" not in wrong


@pytest.mark.parametrize(
    ("how", "complaint"),
    [("garbage", "a web page"), ("empty", "nothing in what came looks like a reply"), ("500", "status 500")],
)
def test_an_answer_that_is_none(tmp_path: Path, how: str, complaint: str) -> None:
    with chatbot() as bot:
        bot.fail(how)
        assert complaint in refused(sim("try", "--curl", curl(bot), cwd=tmp_path), tmp_path)


def test_a_chatbot_that_falls_silent_during_the_checks(tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text(
        "said = []\ndef reply(message, user_id):\n    said.append(message)\n    if said[1:]:\n        raise OSError('gone')\n    return 'Hello.'\n"
    )
    done = sim("try", "once:reply", cwd=tmp_path)
    assert done.returncode == 2
    assert "answered once and then no more: callable/my-bot raised OSError: gone" in done.stderr
    assert not (tmp_path / "results").exists()
    assert "my-bot.yaml is written all the same, and `sim run my-bot.yaml` tries again" in done.stderr
    assert (tmp_path / "my-bot.yaml").exists()


def test_a_model_is_tried_at_its_server(tmp_path: Path) -> None:
    with serve() as server:
        flags = ("--model", "small", "--api-base", server.url, "--api-key-env", "MY_KEY", "--timeout", "30")
        document = tried(tmp_path, *flags, MY_KEY="hush-4711")
        seen = server.requests()[-1]
    told = {"id": "my-bot", "model": "openai/small", "api_base": server.url, "api_key_env": "MY_KEY", "memory": "full"}
    assert document["target"] == told
    assert (seen["body"]["model"], seen["key"]) == ("small", "Bearer hush-4711")
    written = (tmp_path / "my-bot.yaml").read_text()
    assert "limits: {timeout: 30}" in written
    assert "hush" not in written


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--api-base", "http://127.0.0.1:1/v1"), "name it with --model"),
        (("openai/a", "--model", "openai/b"), "give either a target or --model, not both"),
        (("--curl", "curl http://127.0.0.1:1", "--api-base", "http://127.0.0.1:1/v1"), "--api-base: goes with a model, and not with a request"),
        (("bots:friend", "--api-key-env", "MY_KEY"), "--api-key-env: goes with a model, and not with code"),
        (("offline/uses", "--timeout", "0"), "--timeout: must be a number of seconds above 0"),
        (("--model", "small"), "--model: "),
    ],
)
def test_flags_that_do_not_go_together(tmp_path: Path, flags: tuple[str, ...], complaint: str) -> None:
    shutil.copy(EXAMPLES / "bots.py", tmp_path)
    done = sim("try", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "my-bot.yaml").exists()


def test_a_model_that_writes_slowly_is_waited_for(tmp_path: Path) -> None:
    """Every reply takes longer than the time-out, and none stalls for as long."""
    with slow_model(words=6, seconds=0.15) as url:
        done = sim("try", "--model", "slow", "--api-base", url, "--timeout", "0.6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my-bot.yaml").exists()


def test_bad_flags_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with chatbot() as bot:
        for flag, value in (("--persona", "nobody"), ("--scenario", "nowhere"), ("--user", "nonsense"), ("--user", "offline/nope")):
            refused(sim("try", "--curl", curl(bot), flag, value, cwd=tmp_path), tmp_path)
        assert bot.log() == []
    assert "there is nothing to try" in refused(sim("try", cwd=tmp_path), tmp_path)


def test_a_function_that_raises_is_one_line(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "bots.py", tmp_path)
    done = sim("try", "bots:broken", cwd=tmp_path)
    assert done.returncode == 2
    assert "did not answer: callable/my-bot raised KeyError" in done.stderr
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "my-bot.yaml").exists()


def test_a_chatbot_that_hangs_is_given_up() -> None:
    with chatbot() as bot:
        bot.fail("hang")
        spec = HttpSpec(url=f"{bot.url}/chat", reply="$")
        with pytest.raises(InputError, match=r"did not answer within 0\.2 s"):
            asyncio.run(exchange(spec, "Hi", user="u", session="s", environ={}, seconds=0.2))
