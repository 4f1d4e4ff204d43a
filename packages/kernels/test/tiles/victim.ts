// Makes tiles until it is killed; says so after each of them. Arguments: the folder.
import { fidelityKernel, kernelTiles } from '@ketwork/kernels';
import { cpu } from '@ketwork/simulator';
import { examples, featureMap } from './examples.ts';

const kernel = fidelityKernel(await cpu(), featureMap);
await kernelTiles(kernel, examples, {
  path: process.argv[2]!,
  tile: 16,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
