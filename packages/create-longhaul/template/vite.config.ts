import { defineConfig } from 'vite';

export default defineConfig({
  root: 'web',
  build: { outDir: '../dist/page', emptyOutDir: true },
  server: {
    host: '127.0.0.1',
    port: Number(process.env.PAGE_PORT ?? 5173),
    // The page calls the gateway under its own address: no rule of browsers about other origins applies.
    proxy: { '/trpc': `http://127.0.0.1:${process.env.PORT ?? 8080}` },
  },
});
