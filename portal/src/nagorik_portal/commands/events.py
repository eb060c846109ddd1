"""``nagorik portal subscribe`` and the history of what was delivered."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import CommandRefused, opened_host, unlocked_database
from nagorik_portal.subscriptions import DeliveryEntry, SubscriptionEntry, SubscriptionInvalid, Subscriptions


@asynccontextmanager
async def _subscriptions() -> AsyncIterator[Subscriptions]:
    async with unlocked_database() as (database, vault):
        try:
            yield Subscriptions(database, vault)
        except SubscriptionInvalid as refused:
            raise CommandRefused(str(refused)) from None


async def subscribe(arguments: argparse.Namespace) -> CommandResult:
    """Subscribe, and show the keys this once."""
    async with opened_host() as host:
        made = Subscriptions(host.database, host.vault)
        try:
            identity, receiver = await made.subscribe(
                host, arguments.centre, arguments.url, allow_private=arguments.allow_private
            )
        except SubscriptionInvalid as refused:
            raise CommandRefused(str(refused)) from None
    document = {"subscription": identity, "public_key": receiver.public, "secret": receiver.symmetric}
    once = "Keep the secret now: it is not shown again. গোপন চাবিটি এখনই রেখে দিন: আর দেখানো হবে না।"
    return CommandResult(document, [identity, f"v1a: {receiver.public}", f"v1: {receiver.symmetric}", once])


async def unsubscribe(arguments: argparse.Namespace) -> CommandResult:
    """End a subscription."""
    async with _subscriptions() as found:
        await found.unsubscribe(arguments.subscription)
    shown = f"{arguments.subscription}: ended · বন্ধ করা হয়েছে"
    return CommandResult({"subscription": arguments.subscription}, [shown])


async def deliveries(arguments: argparse.Namespace) -> CommandResult:
    """List subscriptions and deliveries."""
    async with _subscriptions() as found:
        known = [one._asdict() for one in await found.subscriptions()]
        history = [one._asdict() for one in await found.history(arguments.subscription, limit=arguments.limit)]
    shown: list[Part] = []
    if known:
        shown.append(Table(same_names(*SubscriptionEntry._fields), known))
    if history:
        shown += ["", Table(same_names(*DeliveryEntry._fields), history)]
    nothing = "There are no subscriptions. কোনো সাবস্ক্রিপশন নেই।"
    return CommandResult({"subscriptions": known, "deliveries": history}, shown or [nothing])


async def replay(arguments: argparse.Namespace) -> CommandResult:
    """Send a delivery once more."""
    async with _subscriptions() as found:
        await found.replay(arguments.delivery)
    return CommandResult({"delivery": arguments.delivery}, [f"{arguments.delivery}: sent again · আবার পাঠানো হবে"])
