import { sequential, conv2d, relu, maxPool2d, flatten, dense, forward, valueAndGrad, crossEntropy, mnist, adam, batches, key, fold, gatherRows, stateOf, loadState, saveSafetensors, loadSafetensors } from '../src/index.ts';
const net = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dense(10));
try { const b = net.build([1, 28, 28], 1); console.log(b.parameters.map((p) => [p.name, p.shape])); } catch (e) { console.log((e as Error).stack); }
const train = await mnist({ split: 'train', limit: 2000 });
console.log(train.inputShape, train.inputs.length, train.labels.constructor.name);
const built = net.build([1, 28, 28], 1);
const o = adam(0.003), st = o.init(built.parameters); const step = valueAndGrad(net, crossEntropy);
let k = 0; const root = key(1); const t = performance.now();
for (let e = 0; e < 2; e++) for (const idx of batches(train.labels.length, 64, fold(root, e))) {
  const r = await step({ x: gatherRows(train.inputs, 784, idx), y: gatherRows(train.labels, 1, idx) });
  o.step(built.parameters, r.grads, st); if (k++ % 20 === 0) console.log(Object.keys(r), (r as any).loss ?? (r as any).value);
}
console.log((performance.now() - t).toFixed(0), 'ms');
const bytes = saveSafetensors(stateOf(net)); const net2 = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dense(10)); net2.build([1, 28, 28], 2); loadState(net2, loadSafetensors(bytes).tensors);
const x = train.inputs.slice(0, 784); const a = await forward(net, x), b = await forward(net2, x); console.log(a.every((v, i) => v === b[i]));
