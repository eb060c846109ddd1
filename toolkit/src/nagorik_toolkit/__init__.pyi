"""What a plugin is built from: fields, forms, fees, dated rules, an agency's words, criteria, a year's data."""

from .agency_plugin import (
    AgencyPlugin as AgencyPlugin,
    Applications as Applications,
    FiledRequest as FiledRequest,
    Lookup as Lookup,
    LookupOutcome as LookupOutcome,
    PluginData as PluginData,
    Refused as Refused,
)
from .bangladesh import (
    Area as Area,
    AreaKind as AreaKind,
    DateStyle as DateStyle,
    DayMonthYear as DayMonthYear,
    DayOverride as DayOverride,
    FiscalYear as FiscalYear,
    IsoDay as IsoDay,
    LandArea as LandArea,
    PassportNumber as PassportNumber,
    WorkingCalendar as WorkingCalendar,
    WrittenDay as WrittenDay,
    age_at as age_at,
    age_on as age_on,
    amount_in_words as amount_in_words,
    area as area,
    districts as districts,
    divisions as divisions,
    find_district as find_district,
    find_division as find_division,
    find_upazila as find_upazila,
    format_date as format_date,
    number_in_words as number_in_words,
    parse_date as parse_date,
    possibly_same as possibly_same,
    read_postcode as read_postcode,
    upazilas as upazilas,
    years_after as years_after,
)
from .checks import (
    EligibilityCase as EligibilityCase,
    EligibilityCheck as EligibilityCheck,
    age as age,
    at_hand as at_hand,
    in_force as in_force,
    own_application as own_application,
)
from .criteria import (
    OLDEST as OLDEST,
    OWN_CHECK as OWN_CHECK,
    Criteria as Criteria,
    birth_problem as birth_problem,
    contradictions as contradictions,
    is_about as is_about,
    is_birth_registration as is_birth_registration,
)
from .fees.basis import (
    AssessFees as AssessFees,
    FeeBasis as FeeBasis,
)
from .fees.errors import (
    NoTariff as NoTariff,
    NotPriced as NotPriced,
)
from .fees.quotes import (
    agreed_quote as agreed_quote,
    demanded_quote as demanded_quote,
    until_midnight as until_midnight,
)
from .fees.reading import (
    FEES_FILE as FEES_FILE,
    parse_schedules as parse_schedules,
    read_schedules as read_schedules,
)
from .fees.rounding import (
    Rounding as Rounding,
    vat_on as vat_on,
)
from .fees.schedule import (
    FeeSchedule as FeeSchedule,
    Price as Price,
)
from .fields import (
    FIRST_DAY as FIRST_DAY,
    LARGEST_NUMBER as LARGEST_NUMBER,
    LONGEST_LINE as LONGEST_LINE,
    AcreArea as AcreArea,
    Address as Address,
    BirthDate as BirthDate,
    BirthRegistration as BirthRegistration,
    DecimalArea as DecimalArea,
    FatherName as FatherName,
    FormDay as FormDay,
    GeneralDiary as GeneralDiary,
    Line as Line,
    Mobile as Mobile,
    MotherName as MotherName,
    Name as Name,
    NidNumber as NidNumber,
    NidOfBirthYear as NidOfBirthYear,
    OneLine as OneLine,
    Passport as Passport,
    PostalAddress as PostalAddress,
    Postcode as Postcode,
    SpouseName as SpouseName,
    TaxYear as TaxYear,
    WholeNumber as WholeNumber,
    check_birth_date as check_birth_date,
    day_by_hand as day_by_hand,
)
from .form_validation import (
    form_schema as form_schema,
    validate_form as validate_form,
)
from .hooks import (
    Matches as Matches,
    advise_payment as advise_payment,
    book_slot as book_slot,
    check_client_reference as check_client_reference,
    check_reference as check_reference,
    fetch_pdf as fetch_pdf,
    find_by_client_reference as find_by_client_reference,
    keep_pdf as keep_pdf,
    list_slots as list_slots,
    search_result as search_result,
)
from .labelled_forms import (
    FieldWords as FieldWords,
    LabelledForm as LabelledForm,
)
from .partial_forms import (
    FieldMissing as FieldMissing,
    PartialForm as PartialForm,
    partial_form as partial_form,
)
from .reference_interface import (
    Appointment as Appointment,
    Booked as Booked,
    IssuedDocument as IssuedDocument,
    LookupAnswer as LookupAnswer,
    PaymentStanding as PaymentStanding,
    Standing as Standing,
    interface_document as interface_document,
)
from .refusals import (
    eligibility_question as eligibility_question,
    field_error_reader as field_error_reader,
    refuse as refuse,
    refuse_failed as refuse_failed,
)
from .rules import (
    RULES_FILE as RULES_FILE,
    DatedRules as DatedRules,
    Rule as Rule,
    RuleNotKnown as RuleNotKnown,
    RulesOnDay as RulesOnDay,
    parse_rules as parse_rules,
    read_rules as read_rules,
)
from .statuses import (
    STATUSES_FILE as STATUSES_FILE,
    StatusMeaning as StatusMeaning,
    StatusTable as StatusTable,
    answered as answered,
    parse_statuses as parse_statuses,
    read_statuses as read_statuses,
)
from .texts import (
    TextCatalogue as TextCatalogue,
    day_text as day_text,
    money_text as money_text,
    parse_texts as parse_texts,
    read_day as read_day,
    read_moment as read_moment,
    read_texts as read_texts,
)
from .webhooks import (
    read_webhook as read_webhook,
)
from .wire_fields import (
    Amount as Amount,
    BookingNumber as BookingNumber,
    DhakaIsoSecond as DhakaIsoSecond,
    DhakaMinute as DhakaMinute,
    DhakaSecond as DhakaSecond,
    DhakaTime as DhakaTime,
    DollarAmount as DollarAmount,
    StrictAmount as StrictAmount,
    TakaAmount as TakaAmount,
    WrittenAmount as WrittenAmount,
    YesNo as YesNo,
    days_of as days_of,
    filled as filled,
    hashes_of as hashes_of,
    number_of as number_of,
    read_instant as read_instant,
    wire_word as wire_word,
)
