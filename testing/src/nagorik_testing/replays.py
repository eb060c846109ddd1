"""Native idempotency keys, as an agency that has them honours them."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue
from pydantic_core import to_json
from starlette.responses import JSONResponse

CONFLICT: Final = 409


class Replays:
    """Answers by key: the same request with a key seen before gets the first answer, and nothing is done again."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, int, Mapping[str, JsonValue]]] = {}

    def once(
        self,
        key: str | None,
        operation: str,
        content: JsonValue,
        act: Callable[[], tuple[int, Mapping[str, JsonValue]]],
    ) -> JSONResponse:
        """Act, unless this key was used: then repeat the first answer, or refuse a different request with 409.

        A request without a key is acted on each time. Answers that are errors are not kept, so that a corrected
        request may use the key of the refused one.
        """
        digest = hashlib.sha256(to_json([operation, content])).hexdigest()
        if key is not None and key in self._answers:
            seen, status, answer = self._answers[key]
            if seen != digest:
                problem = {"field": "Idempotency-Key", "message": "the key was used for another request"}
                return JSONResponse({"error": problem}, status_code=CONFLICT)
            return JSONResponse(answer, status_code=status, headers={"Idempotent-Replayed": "true"})
        status, answer = act()
        if key is not None and status < 400:  # noqa: PLR2004 - the first status that is an error
            self._answers[key] = (digest, status, answer)
        return JSONResponse(answer, status_code=status)
