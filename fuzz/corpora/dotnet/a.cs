using System; using System.Collections.Generic; using System.Runtime.InteropServices; using System.Reflection;
[assembly: Guid("12345678-1234-1234-1234-123456789abc")] [assembly: AssemblyVersion("1.2.3.4")]
namespace N.M { public interface IFoo<T,U> where T: class { T Get(U u, ref int x); }
public abstract class Base { protected internal int f; internal abstract void A(int[] a, int[,] b, List<string> c); public const string K="const!"; }
public sealed class Foo<Q> : Base, IFoo<string,int> { public string Get(int u, ref int x){ return "user str é"; } internal override void A(int[] a,int[,] b,List<string> c){}
 public class Inner<Z> { public class Deep { public Dictionary<Q,List<Z>> M<W>(W w, Q q, Z z){ return null; } static byte[] data={1,2,3,4,5,6,7,8,9,10}; } enum E { A,B } struct S { public unsafe int* p; unsafe void P(int* q, Deep d){} } delegate void D(int x); } }
static class P { [DllImport("user32.dll")] static extern int MessageBox(IntPtr h,string a,string b,int c); static void Main(string[] args){ Console.WriteLine("hello"); } } }
