"""The position in a history, as it travels in the link to the next page."""

import base64
from datetime import UTC, datetime, timedelta

import orjson

from cordee.fhir.outcome import InvalidSearch
from cordee.store.history import HistoryPosition

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_history_link(position: HistoryPosition) -> str:
    """The text of a position."""
    moment = (position.last_updated - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(orjson.dumps([moment, position.rid, position.version])).decode().rstrip("=")


def parse_history_position(text: str | None) -> HistoryPosition | None:
    """The position in a link; raises `InvalidSearch` when this server did not write it."""
    if text is None:
        return None
    try:
        moment, rid, version = map(int, orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        if not (0 <= rid < 2**63 and 0 <= version < 2**31):
            raise ValueError(text)
        return HistoryPosition(_EPOCH + timedelta(microseconds=moment), rid, version)
    except (ValueError, TypeError, OverflowError):
        raise InvalidSearch("The link to this page is not one that this server wrote; begin again.") from None
