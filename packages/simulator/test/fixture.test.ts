import { cpu } from '@ketwork/simulator';
import { engineFixture } from './engine-fixture.ts';

engineFixture('cpu', () => cpu(), 1e-12, {
  filterGradients: false,
  slotGenerators: false,
});
