"""Sending by e-mail, through the server of the settings.

The text says that there is news and where to ask for it: no resource, no reference. A resource travels only as an
attachment, where the subscription asks for it and the settings allow it.
"""

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib

from cordee.fhir.subscriptions.subscription import Attachment, Email
from cordee.settings import Settings
from cordee.subscriptions.failures import DeliveryFailed


@dataclass(frozen=True, slots=True)
class Mail:
    """`key` tells a mail sent twice from two mails; `attached` is a resource's text and its format."""

    key: str
    subject: str
    text: str
    attached: bytes | None = field(default=None, repr=False)
    format: Attachment | None = None


class Mails:
    """The mail server of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, *, carries_resources: bool) -> None:
        """Raises `DeliveryFailed` when the settings don't let such mails be sent."""
        if self._settings.smtp_host is None:
            raise DeliveryFailed("This server sends no e-mail: it has no mail server in its settings.", is_final=True)
        if carries_resources and not self._settings.smtp_resources:
            sentence = "This server sends no resources by e-mail: ask for no payload, or for id-only or empty content."
            raise DeliveryFailed(sentence, is_final=True)

    async def send(self, to: Email, mail: Mail, seconds: float) -> None:
        """Hands the mail to the server; raises `DeliveryFailed` unless it takes it."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                self._message(to, mail),
                sender=settings.smtp_sender,
                recipients=[to.address],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=settings.smtp_password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=seconds,
            )
        except aiosmtplib.SMTPResponseException as refusal:
            # What the server says can repeat the address.
            raise DeliveryFailed(f"The mail server answered {refusal.code}.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryFailed(f"The mail server could not be used ({type(error).__name__}).") from None

    def _message(self, to: Email, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.smtp_sender, to.address, mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{mail.key}@{self._settings.smtp_sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.attached is not None and mail.format is not None:
            kind, _, subtype = mail.format.partition("/")
            name = f"notification.{subtype.rpartition('+')[2]}"
            message.add_attachment(mail.attached, maintype=kind, subtype=subtype, filename=name)
        return message
