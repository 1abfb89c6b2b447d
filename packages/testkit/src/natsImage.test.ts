import { expect, test } from 'vitest';
import { parseLdd } from './natsImage.ts';

test("a dynamic program's libraries and loader", () => {
  const output = [
    '\tlinux-vdso.so.1 (0x00007ffd1a3f2000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c2b000000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f1c2b3c1000)',
  ].join('\n');
  expect(parseLdd(output)).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
});

test('a static program has none', () => {
  expect(parseLdd('\tstatically linked\n')).toEqual([]);
});
