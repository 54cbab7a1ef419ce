  cudaMalloc(&dc, n);
  cudaMemcpy(da, a, n, cudaMemcpyHostToDevice);
  cudaMemset(db, 0, n);
  k<3><<<n, 256>>>(da, db, dc, n);
  cudaMemcpy(b, db, n, cudaMemcpyDeviceToHost);
  cudaFree(da);
  cudaF﻿ee(db);
}
