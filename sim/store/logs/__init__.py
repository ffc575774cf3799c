"""Logs of conversations that already exist, read piece by piece in constant memory; what is wrong with one conversation costs that one alone.

**Formats**, told apart by ending and content:

* JSONL (`.jsonl`, `.ndjson`, or one JSON value a line): one conversation a line, `{"id": …, "session": …, "messages": [{"role": …, "content": …}]}`
  as OpenAI's API has messages, or the bare list of them. `id`, `session` and any other key may be left out.
* JSON: an array of such conversations, one single conversation, or one bare list of messages.
* ShareGPT, in either: `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`.
* CSV (`.csv`, `.tsv`, or a first line that names the columns): `conversation`, `role`, `text`, and `session` where there are any; a row a message,
  the rows of one conversation together and in order. Commas, semicolons and tabs are told apart by the first line; capitals in it do not matter.

Text is UTF-8, with or without a byte order mark; lines end with or without a carriage return. `content` is a text, or OpenAI's list of parts, of
which those with a `text` count. Own replies are the messages of `assistant`, `gpt`, `chatgpt`, `model`, `bot`, `chatbot` and `ai`. `user`, `human`
and `prompter` speak to it. `system`, `developer` and their like are not heard. Capitals do not matter.

**Tools.** `tool_calls` of the assistant's messages, and the messages of `tool`, `function` and their like, are evidence of what was done for the
reply that follows; calls of a message with a text are that reply's own, as are their results. After the last reply they are evidence of nothing.

**Labels.** A message of the assistant may carry `moves`, a list of ids from the codebook, and `sentence_moves`, a list of such lists, one a sentence;
`moves` is then their union. A log of which any conversation has labels is labelled: nothing in it is tagged, and a reply without labels is a reply
without tags, which breaks the pairs it stands in. So the figures of a log have one tagger, whatever the order of its lines.

**Sessions of one person.** A text in `session` names a person: the conversations with the same text are that person's sessions 1, 2, … in the order
of the log. A number in `session`, beside an `id`, is the place of this session among those of the person whom `id` names.

**Passed over**, told with its line, and counted, is a conversation

* that is no JSON, no UTF-8, longer than 16 MB, neither object nor list, or an object without a list of messages (NaN is a number, not a text);
* that has no message at all, or none of the assistant, as one that has only a system prompt;
* of which a message is no object, has no role or an unknown one, has a `content` that is neither text nor parts nor null, or holds a NUL or half a
  surrogate;
* of which a label is unknown to the codebook or no list of texts, or `moves` is not the union of `sentence_moves`;
* whose `id` or `session` is neither text nor whole number, or that is a second one with the same `id` and number of session;
* in CSV, of which a row has too few or too many cells or no conversation, or whose rows stand in two places.

A JSON array is read up to the first value that is no JSON.

**No faults.** Two messages of the assistant in a row are two replies, and a pair. A message without text (blank, missing, or null as beside a tool
call) is no reply unless it has labels. A conversation of one turn has a reply and no pair. The same `id` twice is two conversations. Blank lines are
nothing.

`log` is one log, `formats` tells in which format it is, `json_pieces` and `tables` cut it into `pieces`, and `messages` reads what they say.
"""

from __future__ import annotations

from sim.store.logs.formats import SUFFIXES
from sim.store.logs.log import Log
from sim.store.logs.pieces import PassedOver

__all__ = ["SUFFIXES", "Log", "PassedOver"]
