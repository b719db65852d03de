"""The same work by arq: python measure.py SOCKET JOBS PAYLOAD_BYTES. Prints one line of JSON.

Chosen in its favour: many adds in flight, a job that does nothing, the best of two concurrencies, and no result kept.
"""

import asyncio
import json
import sys
import time

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker

SOCKET, JOBS, PAYLOAD = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SETTINGS = RedisSettings(unix_socket_path=SOCKET)
IN_FLIGHT = 64
CONCURRENCIES = [64, 256]


async def job(ctx, data):
    return None


async def counted(pool):
    cpu, memory = await pool.info("cpu"), await pool.info("memory")
    us = 1e6 * (cpu["used_cpu_user_main_thread"] + cpu["used_cpu_sys_main_thread"])
    return us, memory["used_memory"]


async def add(pool, queue):
    numbers = iter(range(JOBS))
    data = "x" * PAYLOAD

    async def lane():
        for number in numbers:
            await pool.enqueue_job("job", data, _job_id=f"{queue}-{number:026}", _queue_name=queue)

    await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))


async def work(queue, concurrency):
    worker = Worker(
        functions=[job],
        queue_name=queue,
        redis_settings=SETTINGS,
        max_jobs=concurrency,
        keep_result=0,
        burst=True,
        handle_signals=False,
    )
    await worker.async_run()
    done = worker.jobs_complete
    await worker.close()
    if done != JOBS:
        sys.exit(f"{done} of {JOBS} jobs were done")


async def main():
    best = {"add_cpu_us": [], "work_cpu_us": [], "added_per_second": [], "worked_per_second": [], "bytes_per_job": []}
    pool = await create_pool(SETTINGS)
    for concurrency in CONCURRENCIES:
        queue = f"arq-{concurrency}"
        marks = [(time.monotonic(), *await counted(pool))]
        await add(pool, queue)
        marks.append((time.monotonic(), *await counted(pool)))
        await work(queue, concurrency)
        marks.append((time.monotonic(), *await counted(pool)))
        start, added, worked = marks
        best["add_cpu_us"].append((added[1] - start[1]) / JOBS)
        best["work_cpu_us"].append((worked[1] - added[1]) / JOBS)
        best["added_per_second"].append(JOBS / (added[0] - start[0]))
        best["worked_per_second"].append(JOBS / (worked[0] - added[0]))
        best["bytes_per_job"].append((added[2] - start[2]) / JOBS)
    least = {name: min(best[name]) for name in ("add_cpu_us", "work_cpu_us", "bytes_per_job")}
    most = {name: max(best[name]) for name in ("added_per_second", "worked_per_second")}
    concurrency = CONCURRENCIES[best["work_cpu_us"].index(least["work_cpu_us"])]
    print(json.dumps({"jobs": JOBS, "concurrency": concurrency, **least, **most}))


asyncio.run(main())
