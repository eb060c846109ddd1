"""Mobile numbers, as people write them and as they get them wrong."""

from hypothesis import strategies as st

from nagorik.bangladesh import MobileNumber, to_bangla_digits
from nagorik_testing.strategies.people import citizens
from nagorik_testing.strategies.writing import Refused, Written, grouped


def mobile_numbers() -> st.SearchStrategy[MobileNumber]:
    """A mobile number out of the block that nothing is sent to."""
    return citizens().map(lambda citizen: citizen.phone)


@st.composite
def written_mobile_numbers(draw: st.DrawFn) -> Written[MobileNumber]:
    """A mobile number with 0, 880, +880, 00880 or nothing before it, in either digits, in groups."""
    phone = draw(mobile_numbers())
    before, digits = draw(
        st.sampled_from(
            (
                ("", phone.local),
                ("", f"88{phone.local}"),
                ("", f"0088{phone.local}"),
                ("", phone.local[1:]),
                ("+", f"88{phone.local}"),
                ("+880 ", phone.local[1:]),
                ("(+880) ", phone.local[1:]),
            )
        )
    )
    text = before + draw(grouped(digits)).strip()
    return Written(to_bangla_digits(text) if draw(st.booleans()) else text, phone)


@st.composite
def refused_mobile_numbers(draw: st.DrawFn) -> Refused:
    """A number of a closed range, of another country or of no length, and texts that a keypad would dial.

    Foreign numbers are those that Ofcom and the NANPA keep for fiction. There is no landline among them, since
    nobody keeps one free in Bangladesh.
    """
    local = draw(mobile_numbers()).local
    text, code = draw(
        st.sampled_from(
            (
                (f"011{local[3:]}", "phone.not-mobile"),
                (f"012{local[3:]}", "phone.not-mobile"),
                (local[:-1], "phone.not-mobile"),
                (f"{local}00", "phone.not-mobile"),
                (f"+44 20 7946 0{local[-3:]}", "phone.foreign"),
                (f"+1 202 555 01{local[-2:]}", "phone.foreign"),
                ("013CALLUSNOW", "phone.characters"),
                (f"{local[:4]}O{local[5:]}", "phone.characters"),
                (f"{local} / {local}", "phone.characters"),
                ("", "phone.characters"),
            )
        )
    )
    return Refused(text, code)
