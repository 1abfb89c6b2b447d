import { expect, test } from 'vitest';
import {
  isFiltered,
  noFilter,
  readUrlFilter,
  toTaskFilter,
  type UrlFilter,
  writeUrlFilter,
} from './urlFilter.ts';

test.each<[string, UrlFilter]>([
  ['', noFilter],
  ['status=failed%2Crunning&name=a.b', { ...noFilter, status: ['FAILED', 'RUNNING'], name: 'a.b' }],
  ['owner=o&text=x+y&within=1h', { ...noFilter, owner: 'o', text: 'x y', within: '1h' }],
])('the address "%s" and its filter are each other’s', (address, filter) => {
  expect(readUrlFilter(new URLSearchParams(address))).toEqual(filter);
  expect(writeUrlFilter(filter).toString()).toBe(address);
  expect(isFiltered(filter)).toBe(address !== '');
});

test('what no filter knows is left out', () => {
  expect(readUrlFilter(new URLSearchParams('status=lost,failed&within=9y'))).toEqual({
    ...noFilter,
    status: ['FAILED'],
  });
});

test('a time from now back is an instant', () => {
  expect(toTaskFilter({ ...noFilter, within: '1h' }, 3_600_000)).toEqual({
    since: '1970-01-01T00:00:00.000Z',
  });
  expect(toTaskFilter(noFilter, 0)).toEqual({});
});
