// The program as Node runs it, and the same engine hosted in a worker.
import { circuit, cpu, probabilities } from 'ketwork';
import { program } from './program.ts';

const result = await program();

const engine = await cpu({ threads: 1 });
const plus = circuit(1, (q) => {
  q.h(0);
});
const [zero = 0, one = 0] = await engine.compile(plus, probabilities()).run();
engine.dispose();
if (Math.abs(zero - 0.5) > 1e-12 || Math.abs(one - 0.5) > 1e-12) {
  throw new Error(`the worker's engine gives ${zero}, ${one}`);
}
console.log(JSON.stringify(result));
