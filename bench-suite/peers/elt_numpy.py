# numpy element-wise (1 thread). usage: elt_numpy.py [sizes comma]
import os,sys,time; os.sched_setaffinity(0,{0})
import numpy as np
sizes=[int(s) for s in sys.argv[1].split(",")] if len(sys.argv)>1 else [4096,65536,1<<20,1<<26]; rng=np.random.default_rng(0)
N=max(sizes); X=rng.random(N,dtype=np.float32)*12-6; Y=np.zeros(N,np.float32)
def med(v): v=sorted(v); return v[len(v)//2]
for n in sizes:
    x,y=X[:n],Y[:n]; pos=np.abs(x)
    for name,f in {"copy":lambda: np.copyto(y,x),"relu":lambda: np.maximum(x,np.float32(0),out=y),"exp":lambda: np.exp(x,out=y),"tanh":lambda: np.tanh(x,out=y),"log1p":lambda: np.log1p(pos,out=y)}.items():
        f();t=time.perf_counter();f();f();one=(time.perf_counter()-t)/2
        reps=max(1,min(20000,int(0.015/one))); v=[]
        for _ in range(7 if one<0.1 else 5):
            t=time.perf_counter()
            for _ in range(reps): f()
            v.append((time.perf_counter()-t)/reps)
        m=med(v); print(f"numpy,{name},{n},1,{m/n*1e9:.5f},{8*n/m/1e9:.2f}",flush=True)
