"""The tills of a centre, where the counter is installed: what each should hold, and how its day is closed."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from nagorik_host.store.database import Transaction
from nagorik_host.store.projections import centre_of
from nagorik_portal.desk.receipts import HAS_COUNTER
from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import text


async def _show(visit: Visit) -> Response:
    visit.operator.require("apply")
    if not HAS_COUNTER:
        return visit.page("problem.html", "till.title", text=text("till.no-counter"))
    from nagorik_counter.till_page import circumstances, figures, notes, till_text
    from nagorik_counter.tills import open_tills, read_session

    now, centre = visit.portal.host.clock.now(), visit.operator.centre

    def read(transaction: Transaction) -> list[dict[str, object]]:
        tills = [one.till for one in open_tills(transaction) if centre_of(one.till) == centre]
        sessions = [read_session(transaction, till, None, now) for till in tills]
        return [
            {
                "till": one.opening.till,
                "rows": [(till_text(code), said) for code, said in (*circumstances(one), *figures(one))],
                "notes": [*notes(one)],
            }
            for one in sessions
        ]

    sessions = await visit.portal.host.database.snapshot(read)
    return visit.page("tills.html", "till.title", sessions=sessions, nothing=not sessions)


TILL_ROUTES: Final[list[Route]] = [page("/tills", "tills", _show)]
