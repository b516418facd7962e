"""Work that outlives the request that asked for it: kept in PostgreSQL, run in the background, resumed if killed."""

from cordee.store.jobs.model import MOST_FRUITLESS_ATTEMPTS, Fault, Job, JobCancelled, JobLost, JobState, Json
from cordee.store.jobs.queue import JobQueue
from cordee.store.jobs.running import RunningJob, Work, run_jobs

__all__ = [
    "MOST_FRUITLESS_ATTEMPTS",
    "Fault",
    "Job",
    "JobCancelled",
    "JobLost",
    "JobQueue",
    "JobState",
    "Json",
    "RunningJob",
    "Work",
    "run_jobs",
]
