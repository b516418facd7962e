"""Where a failure happened, for the log. What it says stays out of it: a message can hold personal data."""


def raised_at(error: BaseException) -> str:
    """The places of the trace, the innermost first: `reader.py:80 < search.py:41`."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places))
