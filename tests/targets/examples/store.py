"""A memory on LangGraph's BaseStore: what the user says is put into it, and what lies closest to a message is shown."""

import json
import re
import zlib

from langgraph.store.memory import InMemoryStore

from sim.targets.memory import MemoryStep, Policy, Recalled


def embed(texts):  # Put your embedding model here; this one only sees which words two texts share.
    words = [re.findall(r"\w+", text.lower()) for text in texts]
    return [[float(sum(zlib.crc32(w.encode()) % 64 == i for w in said)) for i in range(64)] for said in words]


class StoreMemory(Policy):
    counts = "messages"

    def __init__(self, tools):
        super().__init__(tools)
        self.store = InMemoryStore(index={"dims": 64, "embed": embed})
        self.heard = 0  # sessions that are in the store

    async def recall(self, earlier, message):
        found = await self.store.asearch(("said",), query=message, limit=self.tools.size)
        texts = tuple(item.value["text"] for item in found)
        shown = "What this person has told you before:\n" + "\n".join(texts) if texts else ""
        return Recalled(shown, texts, talks=earlier[self.heard :])  # what is not in the store yet is shown word for word

    async def consolidate(self, talks, *, seed):
        fresh = [user.content for talk in talks[self.heard :] for user, _ in talk.exchanges]
        step = MemoryStep("store", json.dumps(fresh))
        self.restore(step, len(talks))
        return (step,) if fresh else ()

    def restore(self, step, talks):
        for number, text in enumerate(json.loads(step.content)):
            self.store.put(("said",), f"{talks}.{number}", {"text": text})
        self.heard = talks

    def holds(self, talks):
        return tuple(item.value["text"] for item in self.store.search(("said",), limit=10_000))
