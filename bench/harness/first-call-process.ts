// One first call in a process that has done nothing yet: prints its times as JSON.
import { cpu } from '@ketwork/simulator';
import { firstCall, structureOf } from './first-call.ts';
import type { What } from './first-call.ts';

const [qubits = '10', batch = '256', seed = '0', what = 'value'] = process.argv.slice(2);
const engine = await cpu();
const times = firstCall(
  engine,
  structureOf(Number(qubits), Number(seed)),
  what as What,
  Number(batch),
);
console.log(JSON.stringify(times));
