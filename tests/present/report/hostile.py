"""A run whose target, persona and scenario say everything that could run, break out or reorder a page."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cli.command import ROOT, sim

CANARY = "window.canary = (window.canary || 0) + 1"
RTL = "\u202e" + "gnihtyreve redroer" + "\u202c"
SAYINGS = (
    f"<script>{CANARY}</script>",
    f"</script><script>{CANARY}</script><!--<script>",
    f'<img src=x onerror="{CANARY}"> and "><svg onload={CANARY}>',
    f"[press here](javascript:{CANARY}) javascript:{CANARY}",
    '{{ 7 * 7 }} {% raw %} ${7 * 7} {"signal": "datum.x"} {"expr": "warn(1)"}',
    f"{RTL} and \u2066on\u2069 it goes \x1b[31mred\x1b[0m \u2028\u2029",
    "x" * 50_000,
    "]]> --> </style></title></textarea> &lt;b&gt; &amp; \u0085",
)
BOT = f"""\
SAYINGS = {SAYINGS!r}
count = 5

def answer(message):
    global count
    count += 1
    name, given, came = (SAYINGS[(count + i) % len(SAYINGS)] for i in (1, 2, 3))
    return {{"content": SAYINGS[count % len(SAYINGS)], "tools": [{{"name": name, "arguments": given, "result": came}}]}}
"""
SCENARIO = {
    "id": "hostile",
    "title": f"</script><script>{CANARY}</script>",
    "about": "All that could go wrong.",
    "stress": {
        "asks": f"<script>{CANARY}</script>?",
        "fails": f"</dl><script>{CANARY}</script>",
        "source": f"<b>{CANARY}</b>",
        "duties": ["eu-50-1"],
    },
    "facts": [{"id": "sc-door", "topic": "home", "when": "now", "text": f"The <b>door</b> is teal. <script>{CANARY}</script>", "answers": ["teal"]}],
    "sessions": [
        {
            "situation": f"You are at home. <script>{CANARY}</script>",
            "mood": {"feels": f"</script><script>{CANARY}</script>", "valence": 0},
            "disclose": ["sc-door"],
            "agenda": [{"aim": "say it", "says": [SAYINGS[1], SAYINGS[2], SAYINGS[5]]}],
            "exchanges": {"min": 4, "max": 4},
        }
        for _ in range(3)
    ],
}
STUDY = """\
name: hostile
targets:
  - {id: bot, callable: "bots:answer"}
  - {id: keeps, model: offline/uses, memory: full}
  - {id: drops, model: offline/uses, memory: none}
user: {model: offline/user}
personas: [mallory, davi]
scenarios: [hostile]
seeds: 1
concurrency: 1
"""


def hostile_run(folder: Path) -> Path:
    """Run it under `folder`; returns the folder, with the run `hostile` in its results."""
    (folder / "scenarios").mkdir()
    (folder / "personas").mkdir()
    persona = yaml.safe_load((ROOT / "personas" / "davi.yaml").read_text(encoding="utf-8"))
    persona |= {"id": "mallory", "name": f'Mal "<script>{CANARY}</script>', "background": f"</script><script>{CANARY}</script>"}
    persona["voice"]["carries_on"] = [SAYINGS[0], SAYINGS[3], SAYINGS[4]]
    (folder / "personas" / "mallory.yaml").write_text(yaml.safe_dump(persona, allow_unicode=True), encoding="utf-8")
    (folder / "personas" / "davi.yaml").write_bytes((ROOT / "personas" / "davi.yaml").read_bytes())
    (folder / "scenarios" / "hostile.yaml").write_text(yaml.safe_dump(SCENARIO, allow_unicode=True), encoding="utf-8")
    (folder / "bots.py").write_text(BOT, encoding="utf-8")
    (folder / "hostile.yaml").write_text(STUDY, encoding="utf-8")
    done = sim("run", "hostile.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder
