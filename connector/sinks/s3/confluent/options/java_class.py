"""Java classes as options name them: with their package, without it, or as an inner class."""

from __future__ import annotations


def simple_name(class_name: str) -> str:
    """A Java class without its package, and an inner class without the one around it."""
    return class_name.rpartition(".")[2].rpartition("$")[2]


def class_of(*known: str) -> object:
    def validate(value: str) -> None:
        if simple_name(value) not in known:
            raise ValueError(f"Only Confluent's own can be had here: {', '.join(known)}")

    return validate
