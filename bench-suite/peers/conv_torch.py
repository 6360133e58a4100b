# torch: the passes of the convolutions of the Keras MNIST CNN at batch 128. usage: conv_torch.py THREADS
import os,sys,time
nt=int(sys.argv[1]); os.sched_setaffinity(0,set(range(nt))); os.environ["OMP_NUM_THREADS"]=str(nt)
import torch; torch.set_num_threads(nt); torch.manual_seed(0)
def med(v): v=sorted(v); return v[len(v)//2]
def bench(nm,gf,f,k=11):
    f();f(); v=[]
    for _ in range(k):
        t=time.perf_counter(); f(); v.append(time.perf_counter()-t)
    m=med(v); print(f"torch {nm},{nt},{m*1e3:.3f} ms,{gf/m:.1f} GFLOP/s",flush=True)
B=128
for fmt in (torch.contiguous_format,torch.channels_last):
    nm="channels_last" if fmt==torch.channels_last else "nchw"
    for (s,i,o) in ((28,1,32),(26,32,64)):
        gf=2*B*(s-2)**2*9*i*o/1e9
        x=torch.randn(B,i,s,s).to(memory_format=fmt); w=(torch.randn(o,i,3,3)*.1).to(memory_format=fmt); b=torch.zeros(o)
        dy=torch.randn(B,o,s-2,s-2).to(memory_format=fmt)
        def back(dx,dw): return torch.ops.aten.convolution_backward(dy,x,w,[o],[1,1],[0,0],[1,1],False,[0,0],1,[dx,dw,dw])
        with torch.no_grad():
            bench(f"{s}x{s}x{i}-3x3x{o} forward-bias-relu {nm}",gf,lambda:torch.conv2d(x,w,b).relu_())
            bench(f"{s}x{s}x{i}-3x3x{o} backward-weights {nm}",gf,lambda:back(False,True))
            bench(f"{s}x{s}x{i}-3x3x{o} backward-input {nm}",gf,lambda:back(True,False))
