export { defineConfig, type HandlersSource, type LonghaulConfig } from './config/defineConfig.ts';
