import { parentPort } from 'node:worker_threads';

/* The worker of an engine that dies in the middle of its work: when `data.fuse[0]`, counted down at every meeting of a team, reaches 0. */

let fuse: Int32Array | undefined;
parentPort?.on('message', (message: { type: string; data?: { fuse: Int32Array } }) => {
  if (message.type === 'start') fuse = message.data?.fuse;
});
const add = Atomics.add.bind(Atomics) as (words: Int32Array, at: number, value: number) => number;
Atomics.add = ((words: Int32Array, at: number, value: number): number => {
  if (fuse !== undefined && Atomics.load(fuse, 0) > 0 && Atomics.sub(fuse, 0, 1) === 1) {
    process.exit(1);
  }
  return add(words, at, value);
}) as typeof Atomics.add;

await import('../../src/worker/worker.ts');
