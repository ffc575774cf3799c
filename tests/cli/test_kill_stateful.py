"""A run against a chatbot that remembers by itself, killed in the middle: it hears no message twice without its key."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim, sim_json, start
from tests.cli.journals import happened, rows
from tests.cli.small import project
from tests.targets.chatbots import chatbot
from tests.waiting import until

STUDY = """\
name: own
targets:
  - id: bot
    http:
      url: "{url}/chat"
      opening: {{url: "{url}/sessions", session_id: session.id}}
      closing: {{url: "{url}/close", body: {{user: "{{user_id}}", session: "{{session_id}}"}}}}
user: {{model: offline/user}}
controls: {{one_by_one: 0, repeat: 0}}
personas: [davi]
scenarios: [short]
seeds: 3
concurrency: 3
"""


def test_killed_with_every_message_heard_and_unanswered_none_is_heard_twice_without_its_key(tmp_path: Path) -> None:
    with chatbot() as bot:
        study = project(tmp_path, study=STUDY.format(url=bot.url))
        assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
        whole = happened(tmp_path / "results" / "undisturbed")
        heard = before = len(bot.log("/chat"))
        for nth in range(1, 5):
            # The three trials hear again what they were not told, and then send their next message, which is heard and never answered.
            sent = 3 if nth == 1 else 6
            bot.fail(*["heard"] * sent)
            process = start("run", study, cwd=tmp_path) if nth == 1 else start("resume", "own", cwd=tmp_path)
            until(lambda: len(bot.log("/chat")) == heard + sent, f"message {nth} of every trial")  # noqa: B023
            assert process.poll() is None
            process.kill()
            process.communicate()
            heard += sent
        done = sim("resume", "own", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        said = [(r["body"]["user_id"], r["headers"]["Idempotency-Key"], r["body"]["message"]) for r in bot.log("/chat")[before:]]
        closings = [(r["headers"]["Idempotency-Key"], r["body"]["session"]) for r in bot.log("/close")]

    run = tmp_path / "results" / "own"
    assert happened(run) == whole, "the talk that is kept is that of the undisturbed run"
    assert {r.take for r in rows(run) if r.session} == {1}, "no session was started over, though the chatbot gave each its id"
    assert len({user for user, *_ in said}) == 3, "each trial was one user all along"
    assert len(said) == 24, "each of the twelve messages was sent twice"
    assert len(set(said)) == len({key for _, key, _ in said}) == 12, "the second time under the same key"
    assert len(set(closings)) == len({session for _, session in closings}) == 12, "each session of both runs was closed under one key"
    shown = sim_json("show", "own", cwd=tmp_path)
    assert shown["targets"][0]["resent"] == 12
    assert "Sent again: 12 of 12 messages to bot" in sim("show", "own", cwd=tmp_path).stdout
    assert "Sent again" not in sim("show", "undisturbed", cwd=tmp_path).stdout
