import { describe, expect, it } from 'vitest';
import { disagreement, isRemark } from '../../../gates/examples/printed.ts';

describe('a printed text and the comment that promises it', () => {
  it.each([
    ['0.5', '0.5'],
    ['0.4999999999999999', '0.5'],
    ['-0', '0'],
    ['0.8775825618903728', '0.878'],
    ['0.24740395925452294', '0.2474…'],
    ['Float64Array(4) [ 0.5, 0, 0, 0.5 ]', '[0.5, 0, 0, 0.5]'],
    ['Float64Array(4) [ 0.5, 0, 0, 0.5 ]', 'Float64Array(4) [ 0.5, 0, 0, 0.5 ]'],
    ['Float64Array(2) [ 17, 39 ]', '17, 39'],
    ['Float64Array(9) [\n  1, 2, 1,\n  2, 4\n]', '1, 2, 1, 2, 4'],
    ['[ 1, 2, 3, 4 ]', '[1, … , 4]'],
    ["[ { '00': 512, '11': 488 } ]", "[{ '00': 512, '11': 488 }]"],
    [
      'operation 3: qubit 5 is out of range. Use qubits 0 to 3.',
      'operation 3: qubit 5 is out of range. …',
    ],
    ['true', 'true'],
  ])('agree: %j and %j', (printed, comment) => {
    expect(disagreement(printed, comment)).toBeUndefined();
  });

  it.each([
    ['0.5', '0.25'],
    ['0.5', '0.50001'],
    ['1', '1.3'],
    ['0.8775825618903728', '0.88'],
    ['0.879', '0.878'],
    ['[ 0.5, 0.5 ]', '[0.5, 0.5, 0]'],
    ['[ 0.5, 0.5, 0 ]', '[0.5, 0.5]'],
    ['[ 1, 2, 3, 4 ]', '[1, …, 5]'],
    ['[ 1, 2, 3, 4 ]', '[2, …, 4]'],
    ["[ { '00': 512 } ]", "[{ '11': 512 }]"],
    ['true', 'false'],
    ['a: 1', 'b: 1'],
    ['', '1'],
  ])('disagree: %j and %j', (printed, comment) => {
    expect(disagreement(printed, comment)).toMatch(/^prints ".*" where the comment says ".*"$/s);
  });

  it('takes prose behind numbers for a remark, and nothing else', () => {
    expect(isRemark('Float64Array(3) [ 0.1, 0.2, 0.3 ]', 'three random numbers')).toBe(true);
    expect(isRemark('0.5', 'near 0.5')).toBe(true);
    expect(isRemark('0.5', '0.5')).toBe(false);
    expect(isRemark('error: no', 'error: yes')).toBe(false);
    expect(isRemark('1', 'true')).toBe(false);
  });
});
