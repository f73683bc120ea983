export { demoOnLab } from './lab-demo.ts'
