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

async function usedMemory() {
  const info = await server.info("memory");
  return Number(/used_memory:(\d+)/.exec(info)[1]);
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

const result = { jobs, added_per_second: 0, worked_per_second: 0, bytes_per_job: 0, concurrency: 0 };
for (const concurrency of CONCURRENCIES) {
  const name = `bench-${concurrency}`;
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  const before = await usedMemory();
  const added = await add(queue);
  const payload = JSON.stringify(job(0).data).length;
  result.bytes_per_job = Math.round((await usedMemory() - before) / jobs - payload);
  result.added_per_second = Math.max(result.added_per_second, added);
  const worked = await work(name, concurrency);
  if (worked > result.worked_per_second) {
    result.worked_per_second = worked;
    result.concurrency = concurrency;
  }
  await queue.obliterate({ force: true });
  await queue.close();
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
