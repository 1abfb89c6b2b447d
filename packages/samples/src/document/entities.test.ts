import { describe, expect, it } from 'vitest';
import type { EntityKind } from './documentTypes.ts';
import { entityTally } from './entities.ts';

const tally = (...mentions: readonly (readonly [text: string, kind: EntityKind])[]) => {
  const entities = entityTally();
  for (const [text, kind] of mentions) entities.add({ text, kind });
  return entities.result(100);
};

describe('entityTally', () => {
  it('counts forms of one name together, under the form and kind that it has most often', () => {
    const { entities } = tally(
      ['Dr. Anna Berg,', 'person'],
      ["ANNA BERG's", 'person'],
      ['Anna Berg', 'place'],
      ['the World Bank.', 'organization'],
      ['Elbe', 'other'],
      ['Elbe', 'other'],
      ['Elbe', 'place'],
    );
    expect(entities).toEqual([
      { text: 'Anna Berg', kind: 'person', count: 3 },
      { text: 'Elbe', kind: 'place', count: 3 },
      { text: 'World Bank', kind: 'organization', count: 1 },
    ]);
  });

  it('leaves out what names nothing', () => {
    expect(tally(['doctor', 'person'], ['…', 'place'], ['night', 'time'], ['A', 'other'])).toEqual({
      entities: [],
      entityCount: 0,
    });
    expect(tally(['Monday', 'date'], ['two weeks', 'duration'], ['€5', 'money']).entityCount).toBe(3);
  });

  it('says how many there were when it gives fewer', () => {
    const entities = entityTally();
    for (let n = 0; n < 50; n += 1) entities.add({ text: `Name ${n % 30}`, kind: 'person' });
    const { entities: few, entityCount } = entities.result(10);
    expect(few.every(({ count }) => count === 2)).toBe(true);
    expect([few.length, entityCount]).toEqual([10, 30]);
  });
});
