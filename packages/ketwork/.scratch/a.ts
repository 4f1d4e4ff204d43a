import * as fs from 'node:fs';
import {
  circuit, input, weight, amplitudes, hermitianSlot, expval, variance, probabilities, counts, samples, state, X, Y, Z, I, pauli, hermitian, projector,
  draw, drawSvg, cpu, reference, bind, compose, controlled, inverse, specs, parseCircuit, toJSON, differentiate, checkGradients, adam, sgd, ket, angle,
  sequential, dense, relu, conv2d, maxPool2d, flatten, crossEntropy, valueAndGrad, perExampleGrads, forward, batches, key, fold, gatherRows, mnist, stateOf, loadState, saveSafetensors, loadSafetensors, hermitian as herm, bits, normal, uniform, stronglyEntanglingLayersShape, quantum, fit, evaluate, predict, take, tanh,
} from '../src/index.ts';
const engine = await cpu();
async function prog(name: string, f: () => unknown) {
  const t = performance.now();
  try { const r = await f(); console.log(`\n### ${name} ${(performance.now() - t).toFixed(0)}ms`); if (r !== undefined) console.log(r); }
  catch (e) { console.log(`\n### ${name} THREW ${(e as Error).name}: ${(e as Error).message}`, (e as Error).stack?.split('\n')[1]); }
}
// 1 VQE H2
await prog('1 VQE', () => {
  const H = I().scale(-0.8126).add(Z(0).scale(0.1712), Z(1).scale(0.1712), Z(2).scale(-0.2228), Z(3).scale(-0.2228), Z(0).mul(Z(1)).scale(0.1686), Z(0).mul(Z(2)).scale(0.1205), Z(1).mul(Z(2)).scale(0.1659), Z(0).mul(Z(3)).scale(0.1659), Z(1).mul(Z(3)).scale(0.1205), Z(2).mul(Z(3)).scale(0.1743), pauli('YXXY').scale(0.0453), pauli('YYXX').scale(-0.0453), pauli('XXYY').scale(-0.0453), pauli('XYYX').scale(0.0453));
  const ansatz = circuit(4, (q) => { q.basisState([1, 1, 0, 0], [0, 1, 2, 3]); q.hardwareEfficient(weight('theta', [2, 2, 4])); });
  const energy = engine.compile(ansatz, expval(H));
  const theta = normal(key(3), 16, { std: 0.1 } as never);
  const p = [{ name: 'theta', shape: [2, 2, 4], data: Float64Array.from(theta) }];
  const opt = adam(0.05); const st = opt.init(p);
  let e = 0;
  for (let i = 0; i < 200; i++) { e = energy.run({ theta: p[0]!.data })[0]!; opt.step(p, [energy.vjp({ theta: p[0]!.data }, [1]).theta], st); }
  return e;
});
// 2 re-uploading
await prog('2 reupload', () => {
  const c = circuit(1, { x: input([2]), w: weight([4, 3]), b: weight([4]) }, (q, { x, w }) => { for (let l = 0; l < 4; l++) { q.rot(x.at(0).times(w.at(l, 0)), x.at(1), w.at(l, 2), 0); } });
  return draw(c);
});
await prog('2b reupload unused', () => {
  const c = circuit(1, (q) => { const x = input('x', [2]), w = weight('w', [4, 3]); for (let l = 0; l < 4; l++) q.rot(x.at(0), x.at(1), w.at(l, 0), 0).rx(angle.add(w.at(l, 1), angle.mul(2, x.at(0))), 0); });
  return [draw(c), specs(c)];
});
// 3 amplitude embedding with gradient to inputs
await prog('3 amplitude', () => {
  const c = circuit(2, { a: amplitudes([4]), w: weight([1, 2, 3]) }, (q, { a, w }) => q.amplitudeEmbedding(a, { normalize: true }).stronglyEntanglingLayers(w));
  const p = engine.compile(c, expval(Z(0)));
  const v = { a: [1, 2, 3, 4, 4, 3, 2, 1], w: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] };
  return [p.run(v), p.vjp(v, [1, 1]), checkGradients(p, v)];
});
await prog('3b amplitude input() with embedding by name', () => circuit(2, (q) => q.amplitudeEmbedding(input('a', [4]) as never)));
await prog('4 per example', () => {
  const c = circuit(2, { x: input([2]), w: weight([2, 2]) }, (q, { x, w }) => q.angleEmbedding(x).basicEntanglerLayers(w));
  const p = engine.compile(c, expval(Z(0), Z(1)));
  const v = { x: [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]] as never, w: [[1, 2], [3, 4]] as never };
  const dy = [[1, 0], [0, 1], [1, 1]] as never;
  return [p.vjp(v, dy, { wrt: ['w'], perExample: true }), p.vjp(v, dy, { squaredNorms: true }), p.jacobian(v).w.length, p.vjp(v, dy, {wrt: []})];
});
await prog('5 batched weights', () => {
  const c = circuit(2, { w: weight([2], { axis: 'batch' }) }, (q, { w }) => q.rx(w.at(0), 0).ry(w.at(1), 1));
  const p = engine.compile(c, probabilities());
  return [p.run({ w: [0, 0, 1, 1] }), p.vjp({ w: [0, 0, 1, 1] }, [1, 0, 0, 0, 1, 0, 0, 0])];
});
await prog('6 shots', () => {
  const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
  const p = engine.compile(bell, [counts(1000), samples(3), expval(Z(0))], { shots: 500 });
  return [p.run({}, { seed: 7 }), JSON.stringify(p.run({}, { seed: 7 })) === JSON.stringify(p.run({}, { seed: 7 })), engine.compile(bell, counts(100)).run()];
});
await prog('7 JSON', () => {
  const c = circuit(2, { x: input([2]) }, (q, { x }) => q.rx(x.at(0).times(0.5).plus(1), 0).cnot(0, 1));
  fs.writeFileSync('/tmp/c.json', toJSON(c)); const d = parseCircuit(fs.readFileSync('/tmp/c.json', 'utf8'));
  return engine.compile(d, expval(Z(1))).run({ x: [1, 2] });
});
await prog('8 draw', () => { const c = circuit(3, (q) => { q.h(0).control([0], (r) => r.rx(0.3, 1).swap(1, 2)).barrier().toffoli(0, 1, 2).u3(1, 2, 3, 0).pauliRot(0.3, 'XYZ', [0, 1, 2]).unitary([[0, 1], [1, 0]], [1], { label: 'NOT' }).measure(0, 0).if(0, (r) => r.x(1)); }); fs.writeFileSync('/tmp/c.svg', drawSvg(c)); return draw(c); });
await prog('9 compose/bind/inverse/controlled', () => {
  const a = circuit(2, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0), 0).cnot(0, 1));
  const u = compose(a, inverse(a));
  const b = bind(u, { w: [0.3] });
  const c = controlled(a, 1);
  return [ket(engine.compile(b, state()).run()), draw(c), draw(circuit(3, (q) => q.append(a, [2, 0])))];
});
await prog('10 variance, projector, hermitian', () => {
  const c = circuit(2, { x: input([]) }, (q, { x }) => q.ry(x.at(), 0).cnot(0, 1));
  const p = engine.compile(c, [variance(Z(0), X(0).add(Z(1))), expval(projector([1, 1], [0, 1])), expval(hermitian([[1, { re: 0, im: -1 }], [{ re: 0, im: 1 }, 0]] as never, [0]))]);
  return p.run({ x: [0.3, 1.2] });
});
await prog('11 hermitian per example', () => {
  const c = circuit(1, { x: input([]), H: hermitianSlot(2) }, (q, { x }) => q.ry(x.at(), 0));
  const p = engine.compile(c, expval(hermitian('H' as never, [0])));
  return p.run({ x: [0.1, 0.2], H: [1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 1, 0, 1, 0, 0, 0] });
});
await prog('11b hermitian per example', () => {
  const H = hermitianSlot('H', 2);
  const c = circuit(1, { x: input([]), H }, (q, { x }) => q.ry(x.at(), 0));
  const p = engine.compile(c, expval(hermitian(H, [0])));
  const v = { x: [0.1, 0.2], H: [1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 1, 0, 1, 0, 0, 0] };
  return [p.run(v), p.vjp(v, [1, 1])];
});
await prog('12 shift with shots', () => {
  const c = circuit(2, { w: weight([2]) }, (q, { w }) => q.rx(w.at(0), 0).cnot(0, 1).ry(w.at(1), 1));
  const p = differentiate(engine, c, expval(Z(1)), { method: 'parameter-shift', shots: 1000 });
  return [p.vjp({ w: [0.3, 0.4] }, [1], { seed: 3 }), p.explain().text, engine.compile(c, expval(Z(1))).vjp({ w: [0.3, 0.4] }, [1])];
});
await prog('13 CNN MNIST', async () => {
  const train = await mnist({ split: 'train', limit: 2000 });
  const net = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dense(10));
  const built = net.build([1, 28, 28], 1);
  const o = adam(0.003), st = o.init(built.parameters); const step = valueAndGrad(net, crossEntropy);
  let last = 0; let k = 0; const root = key(1);
  const x = train.inputs as Float64Array;
  for (let e = 0; e < 2; e++) for (const idx of batches(train.labels.length, 64, fold(root, e))) {
    const r = await step({ x: gatherRows(x, 784, idx), y: gatherRows(train.labels as never, 1, idx) }, { training: true, key: fold(root, 100 + k++) });
    o.step(built.parameters, r.grads, st); last = r.value ?? (r as never as { loss: number }).loss;
  }
  const bytes = saveSafetensors(stateOf(net)); const net2 = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dense(10)); net2.build([1, 28, 28], 2); loadState(net2, loadSafetensors(bytes).tensors);
  const a = await forward(net, x.slice(0, 784)), b = await forward(net2, x.slice(0, 784));
  return [last, a.every((v, i) => v === b[i])];
});
await prog('14 hybrid fit', async () => {
  const train = await mnist({ split: 'train', limit: 500, classes: [0, 1] });
  const ansatz = circuit(4, (q) => { q.angleEmbedding(input('x', [4])); q.stronglyEntanglingLayers(weight('w', [2, 4, 3])); });
  const net = sequential(dense(784, 4), tanh(), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
  const r = await fit(net, train, { loss: crossEntropy, optimizer: adam(0.01), epochs: 2, seed: 1 });
  return [r, await evaluate(net, train, { loss: crossEntropy } as never)].map((q) => JSON.stringify(q).slice(0, 300));
});
await prog('15 typos', () => {
  const c = circuit(1, { x: input([1]) }, (q, { x }) => q.rx(x.at(0), 0));
  const p = engine.compile(c, expval(Z(0)));
  const errs: string[] = [];
  for (const f of [() => p.run({ X: [1] } as never), () => p.run({ x: 1 } as never), () => p.vjp({ x: [1] }, 1 as never), () => circuit(2, (q) => (q as never as { rX: () => void }).rX()), () => circuit(2, (q) => q.rx('0.3' as never, 0)), () => circuit(2, (q) => q.rx(0.3 as never, undefined as never)), () => circuit(2, (q) => q.rx(input('x', [3]) as never, 0)), () => circuit(2, (q) => q.cnot([0, 1] as never, undefined as never)), () => circuit(4, (q) => q.angleEmbedding([1, 2] as never)), () => circuit(2, (q) => q.stronglyEntanglingLayers(weight('w', [2, 3]))), () => expval('Z' as never), () => expval([Z(0), Z(1)] as never), () => Z('0' as never), () => engine.compile(c, 'expval' as never), () => circuit((q: never) => 1 as never, 2 as never), () => circuit(2, undefined as never), () => new (differentiate as never as { new (): void })(), () => p.run(Float64Array.of(1) as never), () => p.run({ x: [1] }, 7 as never), () => bind(c, { y: [1] } as never), () => bind(c, { x: [1, 2] }), () => compose(c, circuit(2, (q) => q.h(0))), () => inverse(circuit(1, (q) => q.measure(0, 0))), () => counts(0), () => counts(1.5), () => probabilities(0 as never), () => adam('0.1' as never), () => cpu({ threads: 3 as never })]) { try { const r = f(); errs.push(`no error: ${f} -> ${JSON.stringify(r)?.slice(0, 100)}`); } catch (e) { errs.push(`${(e as Error).name}: ${(e as Error).message}   <= ${String(f).slice(0, 70)}`); } }
  return errs.join('\n');
});
await prog('16 slow spots', () => {
  const out: string[] = []; const t = (n: string, f: () => unknown) => { const a = performance.now(); f(); out.push(`${n}: ${(performance.now() - a).toFixed(1)}ms`); };
  for (const n of [4, 8, 12, 16, 20]) { const c = circuit(n, { w: weight([3, n, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w)); const w = new Float64Array(9 * n).fill(0.3);
    const p = engine.compile(c, expval(Z(0))); t(`n=${n} first`, () => p.run({ w })); t(`n=${n} again`, () => p.run({ w })); t(`n=${n} vjp1`, () => p.vjp({ w }, [1])); t(`n=${n} vjp`, () => p.vjp({ w }, [1])); t(`explain`, () => p.explain()); t('draw', () => draw(c)); }
  const c = circuit(12, (q) => { for (let i = 0; i < 12; i++) q.h(i); });
  t('projector 12', () => engine.compile(c, expval(projector(new Array(12).fill(0), Array.from({ length: 12 }, (_, i) => i)))).run());
  t('counts 12', () => engine.compile(c, counts(10000)).run());
  t('var big H', () => { let H = Z(0); for (let i = 0; i < 12; i++) for (let j = 0; j < i; j++) H = H.add(X(i).mul(Y(j)).scale(0.1 * i + j)); t('  H built', () => 0); const p = engine.compile(c, variance(H)); t(' compiled', () => 0); p.run(); });
  t('bigadd', () => { let H = Z(0).scale(0); for (let i = 0; i < 2000; i++) H = H.add(pauli('XYZ', [i % 7, 7 + (i % 11), 20 + (i % 13)])); });
  t('shots expval', () => engine.compile(c, expval(Z(0), X(1), Y(2)), { shots: 10000 }).run());
  const big = circuit(10, { x: input([10]), w: weight([5, 10, 3]) }, (q, { x, w }) => q.angleEmbedding(x).stronglyEntanglingLayers(w));
  t('shift compile', () => { const p = differentiate(engine, big, expval(Z(0)), { method: 'parameter-shift' }); t('  compiled', () => 0); p.vjp({ x: new Float64Array(10), w: new Float64Array(150) }, [1]); });
  t('unitary 8', () => { const d = 256; const m = Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => (i === j ? 1 : 0))); circuit(8, (q) => q.unitary(m, [0, 1, 2, 3, 4, 5, 6, 7])); });
  return out.join('\n');
});
