# torch MLP epochs on MNIST (60000). usage: mlp_torch.py THREADS [eager|compile|cnn] [INPUTS BATCH]
import os,sys,time
nt=int(sys.argv[1]); mode=sys.argv[2] if len(sys.argv)>2 else "eager"; os.sched_setaffinity(0,set(range(nt))); os.environ["OMP_NUM_THREADS"]=str(nt)
import numpy as np, torch; import torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(nt); torch.manual_seed(0)
import mnist; d=dict(zip("XY",mnist.load())); X=torch.from_numpy(d["X"][:60000].reshape(-1,784).astype(np.float32)/255); Y=torch.from_numpy(d["Y"][:60000].astype(np.int64))
def med(v): v=sorted(v); return v[len(v)//2]
def mlp(i): return nn.Sequential(nn.Linear(i,512),nn.ReLU(),nn.Linear(512,512),nn.ReLU(),nn.Linear(512,10))
def epoch(net,opt,X,Y,B,step=None,nb=None,cl=False):
    p=torch.randperm(len(X)); t=time.perf_counter(); k=0
    for i in range(0,len(X)-B+1,B):
        ix=p[i:i+B]; xb,yb=X[ix],Y[ix]
        if cl: xb=xb.to(memory_format=torch.channels_last)
        if step: step(xb,yb)
        else:
            opt.zero_grad(set_to_none=True); F.cross_entropy(net(xb),yb).backward(); opt.step()
        k+=1
        if nb and k>=nb: break
    return (time.perf_counter()-t)*(60000/(k*B))
if mode!="cnn":
  for inp in ((int(sys.argv[3]),) if len(sys.argv)>3 else (784,256)):
    Xi=X[:,:inp].contiguous()
    for B in ((int(sys.argv[4]),) if len(sys.argv)>4 else (256,128)):
        gf=60000*(6*(inp*512+512*512+5120)-2*inp*512)/1e9
        for foreach,fused in ((True,False),(False,True)):
            net=mlp(inp); opt=torch.optim.Adam(net.parameters(),1e-3,foreach=foreach,fused=fused)
            step=None; nm="eager"
            if mode=="compile":
                if foreach: continue
                nm="compile"
                @torch.compile(dynamic=False)
                def lossf(xb,yb): return F.cross_entropy(net(xb),yb)
                def step(xb,yb):
                    opt.zero_grad(set_to_none=True); lossf(xb,yb).backward(); opt.step()
            epoch(net,opt,Xi,Y,B,step,nb=30)
            v=[epoch(net,opt,Xi,Y,B,step) for _ in range(3)]; m=med(v)
            with torch.no_grad(): acc=(net(Xi[:5000]).argmax(1)==Y[:5000]).float().mean().item()
            print(f"torch MLP {inp}-512-512-10 b{B} {nm} {'adam_fused' if fused else 'adam_foreach'},{nt},{m:.3f} s/epoch,{gf/m:.1f} GFLOP/s,acc {acc:.3f}",flush=True)
else:
    class C(nn.Module):
        def __init__(s):
            super().__init__(); s.a=nn.Conv2d(1,32,3); s.b=nn.Conv2d(32,64,3); s.c=nn.Linear(9216,128); s.d=nn.Linear(128,10)
        def forward(s,x):
            x=F.relu(s.a(x)); x=F.max_pool2d(F.relu(s.b(x)),2); x=F.dropout(x,.25,s.training).flatten(1); x=F.dropout(F.relu(s.c(x)),.5,s.training); return s.d(x)
    gf=60000*3*(2*676*32*9+2*576*64*288+2*9216*128+2*1280)/1e9
    for cl in (False,True):
        net=C(); 
        if cl: net=net.to(memory_format=torch.channels_last)
        opt=torch.optim.Adam(net.parameters(),1e-3,fused=True); Xi=X.view(-1,1,28,28)
        epoch(net,opt,Xi,Y,128,nb=5,cl=cl); v=[epoch(net,opt,Xi,Y,128,nb=40,cl=cl) for _ in range(3)]; m=med(v)
        print(f"torch CNN keras-mnist b128 {'channels_last' if cl else 'nchw'},{nt},{m:.2f} s/epoch(extrapolated),{gf/m:.1f} GFLOP/s",flush=True)
