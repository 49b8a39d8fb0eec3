"""Shipped fakes: a clock turned by hand, a ledger in memory, played agents, and a `Sandbox` that reads like a story."""

from fusion_kit.testing.sandbox import Sandbox

__all__ = ["Sandbox"]
