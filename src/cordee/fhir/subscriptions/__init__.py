"""R4 Subscription, and topic-based subscriptions as hl7.fhir.uv.subscriptions-backport 1.1 brings them to R4: pure."""
