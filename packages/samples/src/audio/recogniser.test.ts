import { describe, expect, it } from 'vitest';
import { transcribeOptionsFromEnv } from './options.ts';
import { argsFor, fitTexts, parseRecogniserCommand, percentIn, recognised } from './recogniser.ts';

describe('the command line', () => {
  const argsOf = (commandLine: string, file: string) => {
    const parsed = parseRecogniserCommand(commandLine);
    return parsed && [parsed.command, ...argsFor(parsed, file)];
  };

  it('puts the file where {file} stands, else at the end; a name is one argument and never a pattern', () => {
    expect(argsOf('whisper-cli -m model.bin -nt -f {file} -t 4', '/a b.wav')).toEqual([
      'whisper-cli',
      '-m',
      'model.bin',
      '-nt',
      '-f',
      '/a b.wav',
      '-t',
      '4',
    ]);
    expect(argsOf('recognise', "/it's $&.wav")).toEqual(['recognise', "/it's $&.wav"]);
    expect(argsOf('recognise --in={file}', "/it's $&.wav")).toEqual(['recognise', "--in=/it's $&.wav"]);
    expect(argsOf('/opt/my\\ tools/recognise', '/a.wav')).toEqual(['/opt/my tools/recognise', '/a.wav']);
    expect(argsOf('   ', '/a.wav')).toBeUndefined();
  });
});

describe('what a recogniser wrote', () => {
  const ended = (exitCode: number, stdout: string, stderr: string) =>
    recognised({ exitCode, stdout, stderr, truncated: false });

  it('is its standard output, trimmed', () => {
    expect(ended(0, '\n Good morning.\n  It rains. \n', 'loading model')).toEqual({
      text: 'Good morning.\nIt rains.',
    });
    expect(ended(0, '', 'silence')).toEqual({ text: '' });
  });

  it('is an error with its last words when it failed', () => {
    expect(ended(2, '', 'no such model')).toEqual({ error: 'no such model' });
    expect(ended(2, 'usage: recognise FILE', '')).toEqual({ error: 'usage: recognise FILE' });
    expect(ended(2, '', '')).toEqual({ error: 'The recogniser ended with code 2.' });
    const long = ended(1, '', `${'x'.repeat(1_000)}the end`);
    expect(long).toEqual({ error: expect.stringMatching(/^…x+the end$/) });
    expect('error' in long && long.error.length).toBe(300);
  });

  it('is an error where whisper.cpp names one and ends well', () => {
    const stderr = "whisper_init\nerror: failed to read audio file '/a.wav'";
    expect(ended(0, '', stderr)).toEqual({ error: stderr });
  });

  it('may tell the percentage', () => {
    expect(percentIn('whisper_print_progress_callback: progress =  45%')).toBe(45);
    expect(percentIn('Progress: 99.7%')).toBe(99);
    expect(percentIn('progress = 250%')).toBe(100);
    expect(percentIn('We are 100% sure of our progress')).toBeUndefined();
  });
});

describe('fitTexts', () => {
  const textsOf = (texts: string[], maxBytes: number) =>
    fitTexts(
      texts.map(text => ({ text, truncated: false })),
      maxBytes,
    ).map(({ text }) => text);

  it('leaves what fits, and cuts the longest to equal shares', () => {
    expect(textsOf(['aaaa', 'bb', 'c'], 7)).toEqual(['aaaa', 'bb', 'c']);
    expect(textsOf(['aaaaaa', 'bb', 'cccccc'], 10)).toEqual(['aaaa', 'bb', 'cccc']);
    expect(textsOf(['aaa', 'bbb'], 0)).toEqual(['', '']);
  });

  it('never cuts a character in two', () => {
    expect(textsOf(['€€', 'ab'], 7)).toEqual(['€', 'ab']);
  });
});

describe('the options', () => {
  it('come from the environment; an empty variable is an unset one', () => {
    expect(
      transcribeOptionsFromEnv({
        TRANSCRIBE_COMMAND: ' recognise ',
        AUDIO_DIR: '',
        TRANSCRIBE_FILE_TIMEOUT_MS: '5000',
      }),
    ).toEqual({ command: 'recognise', audioFolder: undefined, fileTimeoutMs: 5_000, maxFiles: undefined });
  });

  it('are refused with the name of the variable', () => {
    expect(() => transcribeOptionsFromEnv({ TRANSCRIBE_FILE_TIMEOUT_MS: 'soon' })).toThrow(
      'TRANSCRIBE_FILE_TIMEOUT_MS',
    );
    expect(() => transcribeOptionsFromEnv({ TRANSCRIBE_MAX_FILES: '0' })).toThrow('TRANSCRIBE_MAX_FILES');
  });
});
