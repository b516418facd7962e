"""What the settings say of writes, for tenants that say nothing themselves."""

from cordee.settings import Settings
from cordee.store.tenant_policies import WritePolicies


def default_policies(settings: Settings) -> WritePolicies:
    """The policies of a tenant that has none of its own."""
    return WritePolicies(settings.conditional_delete, settings.dangling_references, settings.delete_referred)
