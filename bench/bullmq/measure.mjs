// The same work by BullMQ: node measure.mjs SOCKET JOBS PAYLOAD_BYTES. Prints one line of JSON.
//
// Chosen in its favour: bulk adds of 1,000 jobs with several in flight, a processor that does nothing, the best of three concurrencies,
// and finished jobs removed at once, so that it keeps no history.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { createHash } from "node:crypto";
import process from "node:process";

const [socket, jobs, bytes] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const connection = { path: socket, maxRetriesPerRequest: null };
const CHUNK = 1000;
const IN_FLIGHT = 4;
const CONCURRENCIES = [16, 64, 256];

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

const server = new Redis(socket);

// The server's time that counts is that of the thread which runs commands.
async function counted() {
  const info = (await server.info("cpu")) + (await server.info("memory"));
  const number = (name) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)[1]);
  const cpu = number("used_cpu_user_main_thread") + number("used_cpu_sys_main_thread");
  return { cpu: 1e6 * cpu, memory: number("used_memory") };
}

function job(number) {
  const id = createHash("sha256").update(String(number)).digest("hex").slice(0, 32);
  const data = { prompt: "x".repeat(Math.max(0, bytes - 14)) };
  return { name: "job", data, opts: { jobId: id, removeOnComplete: true, removeOnFail: true } };
}

async function add(queue) {
  const all = Array.from({ length: jobs }, (_, number) => job(number));
  const began = process.hrtime.bigint();
  let next = 0;
  const lane = async () => {
    while (next < jobs) {
      const from = next;
      next += CHUNK;
      await queue.addBulk(all.slice(from, from + CHUNK));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return jobs / seconds(began);
}

async function work(name, concurrency) {
  let done = 0;
  const began = process.hrtime.bigint();
  await new Promise((resolve, reject) => {
    const worker = new Worker(name, async () => {}, { connection, concurrency });
    worker.on("error", reject);
    worker.on("completed", () => {
      done += 1;
      if (done === jobs) worker.close().then(resolve, reject);
    });
  });
  return jobs / seconds(began);
}

const result = {
  jobs,
  concurrency: 0,
  add_cpu_us: Infinity,
  work_cpu_us: Infinity,
  added_per_second: 0,
  worked_per_second: 0,
  bytes_per_job: Infinity,
};
for (const concurrency of CONCURRENCIES) {
  const name = `bench-${concurrency}`;
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  const before = await counted();
  result.added_per_second = Math.max(result.added_per_second, await add(queue));
  const added = await counted();
  result.worked_per_second = Math.max(result.worked_per_second, await work(name, concurrency));
  const worked = await counted();
  result.bytes_per_job = Math.min(result.bytes_per_job, (added.memory - before.memory) / jobs);
  result.add_cpu_us = Math.min(result.add_cpu_us, (added.cpu - before.cpu) / jobs);
  const cpu = (worked.cpu - added.cpu) / jobs;
  if (cpu < result.work_cpu_us) {
    result.work_cpu_us = cpu;
    result.concurrency = concurrency;
  }
  await queue.obliterate({ force: true });
  await queue.close();
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
