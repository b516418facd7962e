"""Resources and queries drawn from the same few words, so that queries often find something, and often only just."""

from hypothesis import strategies as st

from cordee.claims.canonical import CLAIM_STATE, SESSION_CARE_PLAN
from cordee.fhir.definitions import load_definitions
from cordee.fhir.query_criteria import MODIFIERS, takes_of_type
from cordee.fhir.query_parameters import served_codes
from cordee.fhir.query_values import PREFIXES, escape
from cordee.fhir.text_normalization import normalize_text
from cordee.fhir.units import UCUM

TYPES = (
    "Patient",
    "Encounter",
    "Observation",
    "Claim",
    "CareTeam",
    "CarePlan",
    "Practitioner",
    "RiskAssessment",
    "ValueSet",
    "QuestionnaireResponse",
    "MolecularSequence",
    "Location",
)
IDS = ("1", "2", "A", "a", "a.b-c")
DATES = (
    "2024",
    "2024-03",
    "2024-02",
    "2024-03-31",
    "2024-03-30",
    "2024-04-01",
    "2024-03-31T00:30:00Z",
    "2024-03-31T02:30:00+02:00",
    "2024-03-30T23:00:00Z",
    "2024-03-31T01:59:59.5+01:00",
    "2024-03-31T00:30:00.1234Z",
    "2024-12-31T23:30:00-05:00",
    "0001-06-15",
    "0001",
    "9999-12-31",
    "9999",
    "9998-12-31",
)
LAST_UPDATED = ("2000", "2026", "2020-01-01", "2999-01-01T00:00:00Z", "9999")
NUMBERS = (
    "0.5",
    "0.45",
    "0.55",
    "0.50",
    "0.549999",
    "1",
    "1.0",
    "0.95",
    "1.05",
    "100",
    "99.5",
    "100.5",
    "-1",
    "0",
    "1e2",
    "1e-2",
    "0.01",
    "110",
    "90",
    "123456789.125",
)
SYSTEMS = ("http://loinc.org", "urn:oid:1.2.3", "http://a,b|c$d")
CODES = ("8480-6", "A1", "a1", "É1", "é1", "straße", "STRASSE", "a,b|c$d\\e")
UNITS = ("mg", "kg", "MG", "a|b", "g", "[lb_av]", "Cel", "[degF]", "/min", "/s", "[IU]", "k[IU]", "{score}", "%")
UNIT_SYSTEMS = (UCUM, UCUM, "urn:oid:1.2.3")
WORDS = (
    "Noémie",
    "NOEMIE",
    "noe",
    "L’Huillier-Œuvrard",
    "l'huillier",
    "oeuvrard",
    "Martin",
    "Mar",
    "a_b%c",
    "a b c",
    "é",
    "---",
    "100% \\ sûr",
    "Zoë Martin",
    "ab" * 150,
    "ab" * 140 + "c",
)
URIS = (
    "http://x.example/q",
    "http://x.example/q/r/s",
    "http://x.example/",
    "http://x.example/q|2",
    "http://x.example/Q",
    "urn:uuid:1",
    "urn:oid:1.2.3",
)
URLS = ("http://x.example", "http://x.example/q", "http://x.example/q/r", "http://x.example/Q")
REFERENCE_TEXTS = (
    *(
        f"{type_}/{id_}"
        for type_ in ("Patient", "Practitioner", "Encounter", "CareTeam", "Location")
        for id_ in IDS[:4]
    ),
    "Patient/1/_history/2",
    "https://elsewhere.example/fhir/Patient/1",
    "urn:uuid:1",
    "#contained",
    "Organization/1",
)

codes, systems, words, dates = map(st.sampled_from, (CODES, SYSTEMS, WORDS, DATES))
unit_systems = st.sampled_from(UNIT_SYSTEMS)
moments = st.sampled_from([date for date in DATES if "T" in date])
days = st.sampled_from([date for date in DATES if "T" not in date])
numbers = st.sampled_from([float(number) if "." in number or "e" in number else int(number) for number in NUMBERS])


def some(strategy, most=2):
    return st.lists(strategy, min_size=1, max_size=most)


def element(**optional):
    """An object of some of these members, at least one (FHIR has no empty objects)."""
    return st.one_of(
        *(
            st.fixed_dictionaries({name: always}, optional={k: v for k, v in optional.items() if k != name})
            for name, always in optional.items()
        )
    )


codings = element(system=systems, code=codes, display=words)
concepts = element(coding=some(codings), text=words)
identifiers = element(system=systems, value=codes, type=concepts)
periods = element(start=dates, end=dates)
quantities = st.fixed_dictionaries(
    {"value": numbers},
    optional={
        "unit": st.sampled_from(UNITS),
        "system": unit_systems,
        "code": st.sampled_from(UNITS),
        "comparator": st.sampled_from(("<", "<=", ">", ">=")),
    },
)
ranges = element(
    low=st.fixed_dictionaries(
        {"value": numbers},
        optional={"unit": st.sampled_from(UNITS), "system": unit_systems, "code": st.sampled_from(UNITS)},
    ),
    high=st.fixed_dictionaries({"value": numbers}),
)
references = st.one_of(
    st.sampled_from(REFERENCE_TEXTS).map(lambda text: {"reference": text}),
    st.builds(lambda i: {"type": "Patient", "identifier": i}, identifiers),
    st.builds(lambda r, i: {"reference": r, "identifier": i}, st.sampled_from(REFERENCE_TEXTS), identifiers),
)
names = element(family=words, given=some(words), text=words)
addresses = element(city=words, line=some(words), postalCode=words, use=st.sampled_from(("home", "work")))
telecoms = element(system=st.sampled_from(("phone", "email")), value=codes)
amounts = st.fixed_dictionaries({"value": numbers, "currency": st.sampled_from(("EUR", "USD"))})
claim_information = some(
    st.sampled_from(("pathway", "convention", "inclusion", "profile")).map(
        lambda code: {"system": "http://a.example", "code": code}
    )
).map(lambda coding: {"coding": coding})
states = st.sampled_from(("draft", "ready")).map(lambda code: {"system": CLAIM_STATE, "code": code})
metas = element(tag=some(st.one_of(codings, states)), profile=some(st.sampled_from(URIS)), source=st.sampled_from(URIS))


def values_of(element_name):
    return st.one_of(
        *(
            strategy.map(lambda value, name=element_name + kind: {name: value})
            for kind, strategy in (
                ("Quantity", quantities),
                ("CodeableConcept", concepts),
                ("String", words),
                ("DateTime", dates),
                ("Period", periods),
            )
        ),
        st.just({}),
    )


def merged(base, *others):
    """An object with the members of several."""
    return st.tuples(base, *others).map(lambda parts: {k: v for part in parts for k, v in part.items()})


def _type(type_, required=None, /, **optional):
    return st.fixed_dictionaries(
        {"resourceType": st.just(type_), **(required or {})},
        optional={"meta": metas, "identifier": some(identifiers), **optional},
    )


one_reference = {"subject": references}
components = merged(st.fixed_dictionaries({"code": concepts}), values_of("value"))
RESOURCES = {
    "Patient": _type(
        "Patient",
        name=some(names),
        birthDate=days,
        gender=st.sampled_from(("male", "female")),
        address=some(addresses),
        telecom=some(telecoms),
        active=st.booleans(),
        generalPractitioner=some(references),
        managingOrganization=references,
        communication=some(st.fixed_dictionaries({"language": concepts})),
    ),
    "Encounter": _type(
        "Encounter",
        {"status": st.sampled_from(("planned", "finished")), "class": codings},
        extension=some(
            st.builds(
                lambda url, named: {"url": url, "valueReference": named},
                st.sampled_from((SESSION_CARE_PLAN, "http://x.example/other")),
                references,
            )
        ),
        type=some(concepts),
        subject=references,
        period=periods,
        length=st.just({"value": 3}),
        participant=some(element(individual=references, type=some(concepts))),
        partOf=references,
        location=some(st.fixed_dictionaries({"location": references}, optional={"period": periods})),
    ),
    "Observation": merged(
        _type(
            "Observation",
            {"status": st.sampled_from(("final", "amended")), "code": concepts},
            subject=references,
            encounter=references,
            component=some(components),
        ),
        values_of("value"),
        st.one_of(
            st.just({}),
            dates.map(lambda d: {"effectiveDateTime": d}),
            periods.map(lambda p: {"effectivePeriod": p}),
            moments.map(lambda d: {"effectiveInstant": d}),
            some(dates).map(lambda events: {"effectiveTiming": {"event": events}}),
        ),
    ),
    "Claim": _type(
        "Claim",
        {
            "status": st.sampled_from(("active", "draft")),
            "type": concepts,
            "use": st.sampled_from(("claim", "preauthorization")),
            "patient": references,
            "created": dates,
            "provider": references,
            "priority": concepts,
            "insurance": st.lists(
                st.fixed_dictionaries({"sequence": st.just(1), "focal": st.just(True), "coverage": references}),
                min_size=1,
                max_size=1,
            ),
        },
        careTeam=some(st.fixed_dictionaries({"sequence": st.just(1), "provider": references})),
        item=some(
            st.fixed_dictionaries(
                {"sequence": st.just(1), "productOrService": concepts},
                optional={"encounter": some(references), "net": amounts},
            )
        ),
        supportingInfo=some(
            st.fixed_dictionaries(
                {"sequence": st.just(1), "category": claim_information},
                optional={"code": concepts, "valueReference": references},
            )
        ),
        subType=concepts,
        total=amounts,
        billablePeriod=periods,
        related=some(element(claim=references)),
    ),
    "CareTeam": _type(
        "CareTeam",
        status=st.sampled_from(("active", "inactive")),
        category=some(concepts),
        subject=references,
        period=periods,
        participant=some(element(member=references, period=periods)),
    ),
    "CarePlan": _type(
        "CarePlan",
        {"status": st.sampled_from(("active", "draft")), "intent": st.sampled_from(("plan", "order")), **one_reference},
        instantiatesCanonical=some(st.sampled_from(URIS)),
        instantiatesUri=some(st.sampled_from(URIS)),
        period=periods,
        careTeam=some(references),
        activity=some(
            merged(
                st.fixed_dictionaries({"status": st.just("scheduled")}, optional={"code": concepts}),
                st.one_of(
                    st.just({}),
                    periods.map(lambda p: {"scheduledPeriod": p}),
                    words.map(lambda w: {"scheduledString": w}),
                    some(dates).map(lambda events: {"scheduledTiming": {"event": events}}),
                    periods.map(lambda p: {"scheduledTiming": {"repeat": {"boundsPeriod": p}}}),
                ),
            ).map(lambda detail: {"detail": detail})
        ),
    ),
    "Practitioner": _type(
        "Practitioner",
        name=some(names),
        active=st.booleans(),
        telecom=some(telecoms),
        address=some(addresses),
    ),
    "RiskAssessment": _type(
        "RiskAssessment",
        {"status": st.just("final"), **one_reference},
        prediction=some(
            st.one_of(
                numbers.map(lambda n: {"probabilityDecimal": n}),
                ranges.map(lambda r: {"probabilityRange": r}),
                concepts.map(lambda c: {"qualitativeRisk": c}),
            )
        ),
        occurrenceDateTime=dates,
        method=concepts,
    ),
    "ValueSet": _type(
        "ValueSet",
        {"status": st.sampled_from(("active", "draft"))},
        url=st.sampled_from(URIS),
        version=codes,
        name=words,
        title=words,
        description=words,
        date=dates,
        useContext=some(
            st.one_of(
                st.builds(lambda c, v: {"code": c, "valueCodeableConcept": v}, codings, concepts),
                st.builds(lambda c, v: {"code": c, "valueQuantity": v}, codings, quantities),
                st.builds(lambda c, v: {"code": c, "valueRange": v}, codings, ranges),
            )
        ),
        compose=some(st.fixed_dictionaries({"system": st.sampled_from(URIS)})).map(
            lambda include: {"include": include}
        ),
    ),
    "QuestionnaireResponse": st.fixed_dictionaries(
        {"resourceType": st.just("QuestionnaireResponse"), "status": st.just("completed")},
        optional={
            "questionnaire": st.sampled_from((*URIS, "Questionnaire/1")),
            "subject": references,
            "authored": dates,
            "identifier": identifiers,
        },
    ),
    "MolecularSequence": _type(
        "MolecularSequence",
        {"coordinateSystem": st.just(0)},
        referenceSeq=element(
            chromosome=concepts, referenceSeqId=concepts, windowStart=st.integers(0, 3), windowEnd=st.integers(0, 3)
        ),
        variant=some(element(start=st.integers(0, 3), end=st.integers(0, 3)), 3),
    ),
    "Location": _type(
        "Location",
        name=words,
        alias=some(words),
        address=addresses,
        partOf=references,
        status=st.just("active"),
    ),
}
assert set(RESOURCES) == set(TYPES)

_prefixed = st.sampled_from(("", "", *PREFIXES))
_number_texts = st.builds(str.__add__, _prefixed, st.sampled_from(NUMBERS))
_code_texts = st.one_of(
    codes.map(escape),
    codes.map(lambda code: f"|{escape(code)}"),
    st.builds(lambda s, c: f"{escape(s)}|{escape(c)}", systems, st.one_of(codes, st.just(""))),
)
_TOKEN_WORDS = (
    "final",
    "FINAL",
    "active",
    "draft",
    "finished",
    "male",
    "true",
    "false",
    "home",
    "phone",
    "http://hl7.org/fhir/administrative-gender|male",
    "http://hl7.org/fhir/administrative-gender|",
)
_reference_values = st.one_of(
    st.sampled_from([text for text in REFERENCE_TEXTS if "#" not in text and "_history" not in text]),
    st.sampled_from(IDS),
    st.sampled_from(URIS).map(escape),
)
_BY_TYPE = {
    "token": st.one_of(_code_texts, st.sampled_from(_TOKEN_WORDS)),
    "date": st.builds(str.__add__, _prefixed, dates),
    "number": _number_texts,
    "quantity": st.builds(
        lambda number, unit: number + unit,
        _number_texts,
        st.one_of(
            st.just(""),
            st.builds(
                lambda s, u: f"|{escape(s)}|{escape(u)}", st.one_of(st.just(""), unit_systems), st.sampled_from(UNITS)
            ),
        ),
    ),
    "reference": _reference_values,
    "uri": st.sampled_from(URIS).map(escape),
}
_beginnings = st.builds(lambda word, length: word[:length], words, st.sampled_from((1, 2, 3, 5, 300)))
_string_texts = _beginnings.filter(lambda text: any(c.isalnum() for c in text)).map(escape)
_parts_of_words = st.builds(
    lambda word, first, length: word[first : first + length],
    words,
    st.integers(0, 5),
    st.sampled_from((1, 2, 3, 4, 300)),
).filter(lambda text: any(c.isalnum() for c in text))


def _served(type_):
    return sorted(code for code in served_codes(type_) if code not in ("_id", "_lastUpdated"))


def _value(parameter, modifier, known):
    if parameter.type == "string":
        if modifier == "exact":
            return words.map(escape)
        return _parts_of_words.map(escape) if modifier == "contains" else _string_texts
    if modifier == "text":
        return _string_texts
    if modifier == "of-type":
        return st.builds(lambda *parts: "|".join(map(escape, parts)), systems, codes, codes)
    if modifier in ("above", "below"):
        return st.builds(lambda uri, end: escape(uri + end), st.sampled_from(URLS), st.sampled_from(("", "/", "/x")))
    if parameter.type == "composite":
        parts = (_value(known[component.parameter], None, known) for component in parameter.components)
        return st.tuples(*parts).map("$".join)
    return _code_texts if modifier == "identifier" else _BY_TYPE[parameter.type]


@st.composite
def criteria(draw, type_):
    """One parameter of a type, as (name, text)."""
    known = load_definitions().search_parameters[type_]
    code = draw(st.sampled_from((*_served(type_), "_id", "_lastUpdated")))
    if code == "_id":
        return code, ",".join(draw(some(st.sampled_from(IDS))))
    if code == "_lastUpdated":
        return code, draw(st.builds(str.__add__, _prefixed, st.sampled_from(LAST_UPDATED)))
    parameter = known[code]
    modifiers = [m for m in MODIFIERS[parameter.type] if m != "of-type" or takes_of_type(type_, code)]
    if parameter.type == "token":  # these are of a terminology
        modifiers = [m for m in modifiers if m not in ("above", "below", "in", "not-in")]
    modifier = draw(st.sampled_from((None, None, *modifiers)))
    if modifier == "missing":
        return f"{code}:missing", draw(st.sampled_from(("true", "false")))
    values = ",".join(draw(some(_value(parameter, modifier, known), 3)))
    return (f"{code}:{modifier}" if modifier else code), values


_CHAINS = (
    ("Encounter", "patient", "Patient"),
    ("Encounter", "subject:Patient", "Patient"),
    ("Encounter", "part-of", "Encounter"),
    ("Observation", "subject:Patient", "Patient"),
    ("Observation", "encounter", "Encounter"),
    ("Claim", "care-team:Practitioner", "Practitioner"),
    ("CarePlan", "care-team", "CareTeam"),
    ("CareTeam", "participant:Practitioner", "Practitioner"),
    ("Patient", "general-practitioner:Practitioner", "Practitioner"),
    ("Location", "partof", "Location"),
)


_REVERSE = (
    ("Patient", "Encounter:patient", "Encounter"),
    ("Patient", "Observation:subject", "Observation"),
    ("Patient", "Claim:patient", "Claim"),
    ("Encounter", "Observation:encounter", "Observation"),
    ("Encounter", "Encounter:part-of", "Encounter"),
    ("CareTeam", "CarePlan:care-team", "CarePlan"),
    ("Practitioner", "Claim:care-team", "Claim"),
    ("Location", "Encounter:location", "Encounter"),
)


@st.composite
def walks(draw, type_):
    """Chains of up to three steps, forward, reverse and mixed: the beginning of a name, and the type it leads to."""
    name, here = "", type_
    for _ in range(draw(st.integers(1, 3))):
        ways = [(f"{way}.", target) for source, way, target in _CHAINS if source == here]
        ways += [(f"_has:{way}:", target) for source, way, target in _REVERSE if source == here]
        if not ways:
            break
        step, here = draw(st.sampled_from(ways))
        name += step
    return name, here


_FILTERED = {"token": ("eq", "ne"), "date": ("eq", "ne", "gt", "le", "sa"), "string": ("eq", "co", "sw", "ne"),
             "number": ("eq", "lt", "ge"), "reference": ("re", "ne")}  # fmt: skip


@st.composite
def filters(draw, type_, depth=2):
    """A `_filter` of a few comparisons."""
    if depth and draw(st.integers(0, 2)):
        one, other = draw(filters(type_, depth - 1)), draw(filters(type_, depth - 1))
        return draw(st.sampled_from((f"{one} and {other}", f"{one} or {other}", f"({one} or {other})", f"not ({one})")))
    known = load_definitions().search_parameters[type_]
    parameter = known[draw(st.sampled_from([code for code in _served(type_) if known[code].type in _FILTERED]))]
    if draw(st.integers(0, 5)) == 0:
        return f"{parameter.code} pr {draw(st.sampled_from(('true', 'false')))}"
    operator = draw(st.sampled_from(_FILTERED[parameter.type]))
    if parameter.type == "string":
        quoted = draw(words.filter(normalize_text)).replace("\\", "\\\\").replace('"', '\\"')
        return f'{parameter.code} {operator} "{quoted}"'
    values = {
        "token": st.sampled_from(("final", "A1", "http://loinc.org|A1", "active")),
        "date": dates,
        "number": st.sampled_from(NUMBERS),
        "reference": st.sampled_from(("Patient/1", "Practitioner/2", "1")),
    }
    return f"{parameter.code} {operator} {draw(values[parameter.type])}"


@st.composite
def queries(draw, types=TYPES):
    """A resource type, one of `types`, and the parameters of one search."""
    walked = [type_ for type_ in types if any(type_ == way[0] for way in (*_CHAINS, *_REVERSE))]
    if walked and draw(st.integers(0, 3)) == 0:
        type_ = draw(st.sampled_from(walked))
        way, target = draw(walks(type_))
        name, text = draw(criteria(target))
        return type_, [(way + name, text), *draw(st.lists(criteria(type_), max_size=1))]
    if draw(st.integers(0, 5)) == 0:
        type_ = draw(st.sampled_from(types))
        return type_, [("_filter", draw(filters(type_)))]
    chains = [chain for chain in _CHAINS if chain[0] in types]
    if chains and draw(st.integers(0, 4)) == 0:
        type_, way, target = draw(st.sampled_from(chains))
        name, text = draw(criteria(target))
        pairs = [(f"{way}.{name}", text)]
        return type_, pairs + draw(st.lists(criteria(type_), max_size=1))
    type_ = draw(st.sampled_from(types))
    return type_, draw(some(criteria(type_), 2))
