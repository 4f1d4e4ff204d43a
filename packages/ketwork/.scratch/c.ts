import { circuit, input, weight, amplitudes, hermitianSlot, expval, probabilities, state, X, Y, Z, hermitian, cpu, bind, compose, differentiate, checkGradients, ket, angle, reference, samples, inverse, counts, controlled, complexAmplitudes, sequential, dense, quantum, valueAndGrad, perExampleGrads, mse, forward, drawSvg, gates, gate, variance, projector } from '../src/index.ts';
const engine = await cpu();
async function prog(name: string, f: () => unknown) {
  const t = performance.now();
  try { const r = await f(); console.log(`\n### ${name} ${(performance.now() - t).toFixed(0)}ms`); if (r !== undefined) console.log(r); }
  catch (e) { console.log(`\n### ${name} THREW ${(e as Error).name}: ${(e as Error).message}`, (e as Error).stack?.split('\n').slice(1, 3).join('')); }
}
await prog('17 jacobian probabilities vs differentiate methods', () => {
  const c = circuit(3, { x: input([3]), w: weight([2, 3]) }, (q, { x, w }) => q.angleEmbedding(x, { rotation: 'Y' }).basicEntanglerLayers(w).crx(w.at(0, 1), 0, 1).rot(x.at(0), w.at(1, 1), 0.3, 2).isingXX?.(0.3, 0, 1) ?? q);
  return 0;
});
await prog('17b', () => {
  const c = circuit(3, { x: input([3]), w: weight([2, 3]) }, (q, { x, w }) => q.angleEmbedding(x, { rotation: 'Y' }).basicEntanglerLayers(w).crx(w.at(0, 1), 0, 1).rot(x.at(0), w.at(1, 1), 0.3, 2).rxx(x.at(1), 0, 2));
  const v = { x: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], w: [1, 2, 3, 4, 5, 6] };
  const m = [probabilities([0, 2]), variance(Z(0), X(1).add(Y(2)))] as const;
  const a = engine.compile(c, m).jacobian(v), b = differentiate(engine, c, m, { method: 'parameter-shift' }).jacobian(v), d = differentiate(engine, c, m, { method: 'finite-difference' }).jacobian(v);
  const dist = (p: Float64Array, q: Float64Array) => Math.max(...p.map((z, i) => Math.abs(z - q[i]!)));
  return [dist(a.x, b.x), dist(a.w, b.w), dist(a.x, d.x), dist(a.w, d.w)];
});
await prog('18 perExample net', async () => {
  const c = circuit(2, (q) => { q.angleEmbedding(input('x', [2])); q.stronglyEntanglingLayers(weight('w', [1, 2, 3])); });
  const net = sequential(dense(3, 2), quantum(c, expval(Z(0))), dense(1, 1)); const b = net.build([3], 1);
  const r = await valueAndGrad(net, mse)({ x: [1, 2, 3, 4, 5, 6], y: [0, 1] });
  return r;
});
await prog('19 gate by name', () => {
  const c = circuit(2, (q) => q.gate('IsingXX', [0.3], [0, 1]).gate('CRX', [0.2], [0, 1]));
  return c.ops.map((o) => (o as never as { gate: string }).gate);
});
await prog('19b typo', () => circuit(2, (q) => q.gate('CNTO', [], [0, 1])));
await prog('20 trotter', () => {
  const H = Z(0).mul(Z(1)).add(X(0).scale(0.5), X(1).scale(0.5));
  const exact = circuit(2, { t: input([]) }, (q, { t }) => q.evolution(H, t.at()));
  const trot = circuit(2, { t: input([]) }, (q, { t }) => { const n = 50; for (let i = 0; i < n; i++) q.pauliRot(t.at().times(2 / n), 'ZZ', [0, 1]).rx(t.at().times(1 / n), 0).rx(t.at().times(1 / n), 1); });
  const m = expval(Z(0)); const t = [0, 0.5, 1, 2];
  const p = engine.compile(exact, m);
  return [p.run({ t }), engine.compile(trot, m).run({ t }), p.vjp({ t }, [1, 1, 1, 1]).t];
});
await prog('21 state reading', () => { const s = engine.compile(circuit(2, (q) => q.h(0).cnot(0, 1).t(1)), state()).run(); return [ket(s), complexAmplitudes(s).map(String)]; });
await prog('22 swap test', () => {
  const prep = (name: string) => circuit(1, { [name]: input([2]) } as Record<string, ReturnType<typeof input>>, (q, s) => q.rot(s[name]!.at(0), s[name]!.at(1), 0, 0));
  const c = circuit(3, (q) => { q.append(prep('a'), [1]).append(prep('b'), [2]).h(0).control([0], (r) => r.swap(1, 2)).h(0); });
  return engine.compile(c, expval(Z(0))).run({ a: [0.1, 0.2], b: [0.1, 0.2] } as never);
});
await prog('23 bell with bound shots variance', () => engine.compile(circuit(2, (q) => q.h(0).cnot(0, 1)), [expval(Z(0).mul(Z(1)), projector([1, 1], [0, 1])), variance(X(0))], { shots: 2000 }).run({}, { seed: 1 }));
await prog('24 async engine same', async () => { using e = await cpu({ threads: 1 }); const c = circuit(1, { x: input([]) }, (q, { x }) => q.rx(x.at(), 0)); const p = e.compile(c, expval(Z(0))); const y = await p.run({ x: [0, 1] }); const cg = await checkGradients(p, { x: [0.1, 0.2] }); return [y, cg]; });
await prog('25 bind partly', () => { const c = circuit(1, { x: input([]), w: weight([2]) }, (q, { x, w }) => q.rx(x.at().times(w.at(0)), 0).ry(w.at(1), 0)); const b = bind(c, { w: [0.5, 0.2] }); return engine.compile(b, expval(Z(0))).run({ x: [1, 2] }); });
await prog('26 big svg', () => drawSvg(circuit(10, (q) => q.stronglyEntanglingLayers(weight('w', [10, 10, 3])))).length);
await prog('27 random', () => { const c = circuit(20, (q) => { for (let i = 0; i < 20; i++) q.h(i); }); return [engine.compile(c, samples(2, [0, 19])).run({}, { seed: 1 }), engine.compile(c, counts(5)).run({}, { seed: 2 })]; });
await prog('28 too many', () => engine.compile(circuit(40, (q) => q.h(0)), expval(Z(0))));
await prog('29 bare number weights', () => { const c = circuit(1, (q) => q.rx(weight('t'), 0)); return engine.compile(c, expval(Z(0))).run({ t: [0.3] }); });
await prog('30 hamiltonian Z @ Z typed', () => { const a = X(0).mul(Y(0)); return a; });
