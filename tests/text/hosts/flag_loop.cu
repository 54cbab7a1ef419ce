#include <cstdio>
#include <cstdlib>
#include <vector>
// frontier expansion until nothing changes: the host reads a flag each round
__global__ void step(const int* edges, int* dist, int n, int level, int* changed) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && dist[i] == level) {
    int j = edges[i];
    if (dist[j] < 0) { dist[j] = level + 1; *changed = 1; }
  }
}
int main() {
  const int n = 64;
  std::vector<int> edges(n), dist(n, -1);
  for (int i = 0; i < n; i++) edges[i] = (i * 5 + 1) % n;
  dist[0] = 0;
  int *d_edges, *d_dist, *d_changed;
  cudaMalloc(&d_edges, n * sizeof(int));
  cudaMalloc(&d_dist, n * sizeof(int));
  cudaMalloc(&d_changed, sizeof(int));
  cudaMemcpy(d_edges, edges.data(), n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(d_dist, dist.data(), n * sizeof(int), cudaMemcpyHostToDevice);
  int level = 0, h_changed;
  do {
    h_changed = 0;
    cudaMemcpy(d_changed, &h_changed, sizeof(int), cudaMemcpyHostToDevice);
    step<<<1, 64>>>(d_edges, d_dist, n, level, d_changed);
    cudaMemcpy(&h_changed, d_changed, sizeof(int), cudaMemcpyDeviceToHost);
    level++;
  } while (h_changed);
  cudaMemcpy(dist.data(), d_dist, n * sizeof(int), cudaMemcpyDeviceToHost);
  printf("levels %d last %d\n", level, dist[63]);
  return 0;
}
