"""What can go wrong with a notification, in words that hold no header, no payload and no address."""


class DeliveryFailed(Exception):
    """The receiver did not take it. `is_final`: trying again would not help."""

    def __init__(self, sentence: str, *, is_final: bool = False) -> None:
        super().__init__(sentence)
        self.is_final = is_final
