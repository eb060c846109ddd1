"""A change of an application as a CloudEvent: thin, so that it may travel anywhere."""

from typing import Final

from pydantic import JsonValue

from nagorik_host import ApplicationChange

CHANGED: Final = "nagorik.application.changed"


def cloud_event(change: ApplicationChange, base_url: str) -> dict[str, JsonValue]:
    """A change in the structured JSON form of CloudEvents 1.0; ``base_url`` is the portal's.

    Its subject is the application's id; its data are the revision, by which a reader orders events, and the state.
    """
    return {
        "specversion": "1.0",
        "id": change.cursor,
        "source": f"{base_url}/v1/events",
        "type": CHANGED,
        "subject": change.application,
        "time": change.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {"revision": change.revision, "state": change.state},
    }
