// gpu.js looks for WebGPU in `navigator.gpu`, which Node has not. While an engine is open, it is there.

let borrowers = 0;
let takeAway: (() => void) | undefined;

/** Shows the entry to WebGPU as `navigator.gpu` where there is none, until what it returns is called. */
export function lendWebGpu(gpu: GPU | undefined): () => void {
  const scope = globalThis as { navigator?: { gpu?: GPU } };
  if (gpu === undefined || (borrowers === 0 && scope.navigator?.gpu !== undefined)) return () => {};
  if (borrowers++ === 0) takeAway = show(scope, gpu);
  let given = true;
  return () => {
    if (!given) return;
    given = false;
    if (--borrowers === 0) takeAway?.();
  };
}

function show(scope: { navigator?: { gpu?: GPU } }, gpu: GPU): () => void {
  const { navigator } = scope;
  if (navigator === undefined) {
    Object.defineProperty(scope, 'navigator', { value: { gpu }, configurable: true });
    return () => {
      delete scope.navigator;
    };
  }
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return () => {
    delete navigator.gpu;
  };
}
