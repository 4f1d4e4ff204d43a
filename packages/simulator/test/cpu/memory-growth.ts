// Prints by how much this process grows, relative to the estimate; with the argument `gradient` for a gradient. Run with
// --expose-gc in a process of its own, where nothing else comes or goes.
import { circuit, input, probabilities, weight } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';

const collect = (globalThis as unknown as { gc: () => void }).gc;
const outside = (): number => {
  collect();
  collect();
  return process.memoryUsage().external;
};

const c = circuit(13, { x: input([13]), w: weight([2, 13, 3]) }, (q, { x, w }) => {
  q.angleEmbedding(x).stronglyEntanglingLayers(w);
});
const values = {
  x: new Float64Array(200 * 13).fill(0.3),
  w: new Float64Array(2 * 13 * 3).fill(0.3),
};

const gradient = process.argv[2] === 'gradient';
const before = outside();
const program = (await cpu()).compile(c, probabilities());
const estimate = program.estimateMemory(200, { gradient });
const y = program.run(values);
const gradients = gradient ? program.vjp(values, y) : {};
const ratio = (outside() - before) / estimate;
if (Object.keys(gradients).length !== (gradient ? 2 : 0) || y.length !== 200 * 2 ** 13) {
  throw new Error('the program did not run');
}
process.stdout.write(String(ratio));
