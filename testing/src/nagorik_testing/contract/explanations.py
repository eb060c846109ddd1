"""Why each fault of the matrix is played, and what an author does when its row fails."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Explanation(NamedTuple):
    """What a fault stands for in the real world, and what to look at when a plugin does not survive it."""

    why: str
    fix: str


_DECLARE: Final = (
    "Look at the class that the manifest declares for this write. native promises that the agency honours an"
    " idempotency key; where it does not, declare client-reference and offer find, or none."
)
_MODEL: Final = (
    "Let the expected type of the answer be a WireModel that requires what the plugin relies on, and give it to the"
    " call as expect; do not parse the answer by hand."
)

FAULTS: Final[Mapping[str, Explanation]] = MappingProxyType(
    {
        "F00": Explanation(
            "An operation that fails without any fault, or a write that sends nothing, cannot be proved at all."
            " Of all other rows it is then said that they were not played.",
            "Let the hook send what it is declared to do; an operation that the agency does not have is not declared."
            " Let the simulator's example be an application that the agency accepts, and let its outcomes reach the"
            " state in which the operation is called.",
        ),
        "F00-safe": Explanation(
            "A question is asked again whenever its answer is lost, and as often as a citizen looks. What it leaves"
            " at the agency, it leaves there each time: a second file, a second slip, an appointment nobody wants.",
            "Declare a write that leaves something as what it is (native, client-reference or none), and keep writes"
            " out of the hooks that ask. A simulator marks what its agency merely counts, such as a line of a bill,"
            " as metered in its ledger.",
        ),
        "F01": Explanation(
            "Names do not resolve, connections are refused or time out before they stand. Nothing was sent, so trying"
            " again is safe for every operation.",
            "Send through context.http alone; a client of your own does not prove that nothing was sent.",
        ),
        "F02": Explanation(
            "The agency stores the application and the connection breaks before the answer. OpenCRVS and others have"
            " registered people twice by sending again.",
            _DECLARE,
        ),
        "F03": Explanation(
            "The answer breaks off in the middle, which proves no more than no answer at all.",
            _DECLARE,
        ),
        "F04": Explanation(
            "No connection is free in time. Nothing was sent.",
            "Send through context.http alone.",
        ),
        "F05": Explanation(
            "500 says that something broke, not whether the application was stored before it did.",
            _DECLARE,
        ),
        "F06": Explanation(
            "A proxy gives up while the agency goes on working, so 502, 503 and 504 may follow a stored application.",
            _DECLARE,
        ),
        "F07": Explanation(
            "Agencies answer 429 when all service centres open at once. Nothing was processed; it says when to"
            " come again.",
            "Do not map 429 to another error in the plugin's error reader.",
        ),
        "F08": Explanation(
            "Tokens expire and are revoked at any moment. One fresh login is worth a try; more lock the account.",
            "Obtain the token in the function that the manifest names as login, and let the core renew it.",
        ),
        "F09": Explanation(
            "A definite no must reach the citizen as one, and must not be asked for again.",
            "Map the agency's own codes in the error reader to AgencyRejected, DuplicateApplication or"
            " CredentialsRejected. A 403 that it leaves alone is one of the platform, and of no citizen.",
        ),
        "F10": Explanation(
            "The agency read the input and found it wrong. The citizen can correct it only if they are told.",
            "Map the agency's list of fields in the error reader to InputRejected with a pointer for each.",
        ),
        "F11": Explanation(
            "Maintenance pages arrive in HTML with status 200. A plugin that takes any 200 for success loses"
            " applications.",
            _MODEL,
        ),
        "F12": Explanation(
            "Some agencies answer every request with status 200 and say in the body that it failed. A plugin that"
            " reads the status alone tells a citizen that they are registered.",
            "Let the error reader that the manifest names recognise the agency's errors, whatever their status. "
            + _MODEL,
        ),
        "F13": Explanation(
            "Answers lose fields, change their shape or cannot be parsed. What is added may be ignored; what is"
            " missing may not.",
            _MODEL,
        ),
        "F14": Explanation(
            "Bangla text arrives in broken or mislabelled character sets, and its digits are Bangla or ASCII. A name"
            " or a number that is read wrongly is worse than none.",
            _MODEL + " Give references a pattern of ASCII letters and digits, and read amounts and dates with"
            " nagorik.values.",
        ),
        "F15": Explanation(
            "An expired session answers with a redirect to a login page, which a browser would follow and a client"
            " must not. A redirect to anywhere else says nothing of what was done before it.",
            "Do not list redirect statuses in accept.",
        ),
        "F16": Explanation(
            "An agency that is asked for an answer may take a day, let it drip, or send more than a counter's machine"
            " can hold. Nobody waits for that, and the application may be stored.",
            "Do not wait inside a hook; " + _DECLARE[0].lower() + _DECLARE[1:],
        ),
    }
)
"""By the row's id, or by its base: ``F02-for-ever`` is explained by ``F02``."""
