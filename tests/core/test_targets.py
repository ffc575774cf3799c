"""One target under several memory policies becomes one target for each; a policy that does not exist is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.spec import Study
from sim.core.spec.memory import MemorySpec, read_memory
from tests import examples


def targets(*entries: dict[str, Any]) -> Study:
    return examples.study(targets=[{"model": "offline/uses", **e} for e in entries])


def test_each_policy_becomes_a_target_of_its_own_in_order() -> None:
    study = targets({"id": "a", "memory": ["none", "window:5", "retrieval:3"], "system": "Be kind."}, {"id": "b"})
    assert [(t.id, t.memory) for t in study.targets] == [
        ("a-none", "none"),
        ("a-window-5", "window:5"),
        ("a-retrieval-3", "retrieval:3"),
        ("b", "full"),
    ]
    assert [getattr(t, "system", None) for t in study.targets] == ["Be kind."] * 3 + [None]
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert Study.model_validate(dict(study)) == study


def test_only_the_arms_that_retrieve_embed() -> None:
    embedding = {"model": "offline/embedding"}
    study = targets({"id": "a", "memory": ["none", "retrieval:3"], "embedding": embedding})
    assert [t.embedding is not None for t in study.targets] == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "policy"), [("none", MemorySpec("none")), ("window:12", MemorySpec("window", 12)), ("retrieval:9", MemorySpec("retrieval", 9))]
)
def test_a_policy_is_read_from_its_name(name: str, policy: MemorySpec) -> None:
    assert read_memory(name) == policy


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"id": "a", "memory": "nonee"}], "unknown memory policy 'nonee'; did you mean 'none'?"),
        ([{"id": "a", "memory": ""}], "unknown memory policy ''"),
        ([{"id": "a", "memory": "full:3"}], "full takes no number; write memory: full"),
        ([{"id": "a", "memory": "window"}], "window must say how many earlier sessions are shown, from 1 to 1000; write for example window:5"),
        ([{"id": "a", "memory": "window:0"}], "from 1 to 1000"),
        ([{"id": "a", "memory": "window:x"}], "from 1 to 1000"),
        ([{"id": "a", "memory": "retrieval:-1"}], "how many earlier exchanges are shown"),
        ([{"id": "a", "memory": ["full", "native"]}], "native is the memory of http, callable and graph targets"),
        ([{"id": "a", "memory": ["full", "full"]}], "memory 'full' stands twice; name each once"),
        ([{"id": "a", "memory": ["full"]}, {"id": "a-full"}], "target 'a-full' stands twice; give each its own id"),
        ([{"id": "a" * 60, "memory": ["full", "window:5"]}], "would be longer than 64 characters"),
        ([{"id": "a", "embedding": {"model": "offline/embedding"}}], "embedding is for retrieval:K, not for full"),
        ([{"id": "a", "memory": ["full"], "embedding": {"model": "offline/embedding"}}], "embedding is for retrieval:K"),
        (
            [{"id": "a", "memory": "retrieval:3", "embedding": {"model": "openai/x", "client": "direct", "api_base": "http://127.0.0.1:1/v1"}}],
            "embeddings go through LiteLLM; take client out",
        ),
        ([{"id": "a", "memory": []}], "at least 1 item"),
        ([{"id": "a", "context_tokens": 10}], "greater than or equal to 50"),
    ],
)
def test_what_cannot_be_is_refused(entries: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        targets(*entries)
    assert said in refused.value.errors()[0]["msg"]
